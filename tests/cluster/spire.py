"""A SPIRE server and SPIRE's controller manager: Pods and ClusterSPIFFEIDs become registration entries."""

from __future__ import annotations

import contextlib
import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components import components
from controller_accounts import account_kubeconfig, install_account
from processes import free_ports, process, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kube_api import Api

NAMESPACE = "spire-system"
ACCOUNT = "spire-controller-manager"


@dataclass(frozen=True)
class Entry:
    """A registration entry: whoever an agent finds all the selectors of, under this parent, gets the ID."""

    spiffe_id: str
    parent: str
    selectors: frozenset[str]
    federates_with: frozenset[str]
    admin: bool
    downstream: bool

    @property
    def pod(self) -> str:
        """UID of the Pod that the controller manager made it for; empty if it is for no certain Pod."""
        return next((s.rpartition(":")[2] for s in self.selectors if s.startswith("k8s:pod-uid:")), "")


class Spire:
    """A running server, asked by its own command."""

    def __init__(self, socket: Path, metrics: str) -> None:
        self._socket = socket
        self.metrics = metrics
        """The address of the server's metrics."""

    def entries(self) -> list[Entry]:
        """Every registration entry that there is."""
        return [
            Entry(
                spiffe_id=_id(entry["spiffe_id"]),
                parent=_id(entry["parent_id"]),
                selectors=frozenset(f"{s['type']}:{s['value']}" for s in entry["selectors"]),
                federates_with=frozenset(entry.get("federates_with") or ()),
                admin=bool(entry.get("admin")),
                downstream=bool(entry.get("downstream")),
            )
            for entry in json.loads(self.command("entry", "show", "-output", "json"))["entries"]
        ]

    def federations(self) -> dict[str, str]:
        """The foreign trust domains that it fetches bundles of, and where from."""
        reported = json.loads(self.command("federation", "list", "-output", "json"))
        return {
            one["trust_domain"]: one["bundle_endpoint_url"] for one in reported["federation_relationships"]
        }

    def command(self, *words: str) -> str:
        program = components()["spire-server"].program()
        done = subprocess.run(
            [str(program), *words, "-socketPath", str(self._socket)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def _id(parts: dict[str, str]) -> str:
    return f"spiffe://{parts['trust_domain']}{parts['path']}"


@contextlib.contextmanager
def spire(api: Api, folder: Path, trust_domain: str, cluster: str, class_name: str) -> Iterator[Spire]:
    """Run a server and its controller manager.

    The webhook of the controller manager is off: it only repeats what the CRDs' schemas cannot say of templates.
    """
    port, health, own_health, metrics = free_ports(4)
    socket = folder / "api.sock"
    server = folder / "server.conf"
    server.write_text(_server(trust_domain, port, health, metrics, folder))
    with process(components()["spire-server"].program(), ["run", f"-config={server}"], folder) as wait:
        wait(lambda: bool(read(f"http://127.0.0.1:{health}/ready")))
        install_account(api, NAMESPACE, ACCOUNT)
        config = folder / "controller-manager.json"
        config.write_text(json.dumps(_configuration(trust_domain, cluster, class_name, socket, own_health)))
        login = account_kubeconfig(api, folder, NAMESPACE, ACCOUNT)
        program = components()["spire-controller-manager"].program()
        settings = {"KUBECONFIG": str(login), "ENABLE_WEBHOOKS": "false"}
        with process(program, [f"-config={config}"], folder, settings) as wait_for_manager:
            wait_for_manager(lambda: bool(read(f"http://127.0.0.1:{own_health}/readyz")))
            yield Spire(socket, f"http://127.0.0.1:{metrics}/metrics")


def _server(trust_domain: str, port: int, health: int, metrics: int, folder: Path) -> str:
    return f"""
server {{
  bind_address = "127.0.0.1"
  bind_port = "{port}"
  socket_path = "{folder}/api.sock"
  trust_domain = "{trust_domain}"
  data_dir = "{folder}"
}}
plugins {{
  DataStore "sql" {{
    plugin_data {{
      database_type = "sqlite3"
      connection_string = "{folder}/entries.sqlite3"
    }}
  }}
  KeyManager "memory" {{ plugin_data {{}} }}
  NodeAttestor "join_token" {{ plugin_data {{}} }}
}}
health_checks {{
  listener_enabled = true
  bind_address = "127.0.0.1"
  bind_port = "{health}"
}}
telemetry {{
  Prometheus {{
    host = "127.0.0.1"
    port = {metrics}
  }}
}}
"""


def _configuration(
    trust_domain: str, cluster: str, class_name: str, socket: Path, health: int
) -> dict[str, Any]:
    return {
        "apiVersion": "spire.spiffe.io/v1alpha1",
        "kind": "ControllerManagerConfig",
        "metrics": {"bindAddress": "0"},
        "health": {"healthProbeBindAddress": f"127.0.0.1:{health}"},
        "leaderElection": {"leaderElect": False},
        "clusterName": cluster,
        "clusterDomain": "cluster.local",
        "trustDomain": trust_domain,
        "className": class_name,
        "spireServerSocketPath": str(socket),
        "ignoreNamespaces": ["kube-system", "kube-public", NAMESPACE],
    }
