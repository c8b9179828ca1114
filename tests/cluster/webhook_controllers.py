"""Controllers with webhooks, run as in their manifests, with certificates of the tests."""

from __future__ import annotations

import base64
import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components import components, from_modules
from control_plane_authority import Authority
from controller_accounts import account_kubeconfig, install_account, loopback_service
from processes import accepts_connections, free_ports, process, read

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kube_api import Api

__all__ = ["WebhookController", "lead_here", "running_controller", "webhooks_in_force"]


@dataclass(frozen=True)
class WebhookController:
    """A controller of the table `assets/versions.toml`, whose first file there has its webhooks."""

    name: str
    namespace: str
    account: str
    service: str
    configuration: dict[str, Any]
    """The configuration without addresses and certificates."""
    pods: str = ""
    """Label of the Pods that the webhooks receive."""
    is_shown_certificates: bool = True
    """Whether the configuration has a field for the folder of certificates; the default is controller-runtime's folder."""


@contextlib.contextmanager
def running_controller(api: Api, folder: Path, one: WebhookController) -> Iterator[None]:
    """Run the controller under its own account, with its webhooks in force."""
    webhook, health = free_ports(2)
    # controller-runtime's own folder of certificates, below the folder for temporary files.
    certificates = folder / "k8s-webhook-server" / "serving-certs"
    certificates.mkdir(parents=True)
    authority = Authority(certificates, one.name)
    authority.issue("tls", one.service, [f"{one.service}.{one.namespace}.svc"])
    place = {"certDir": str(certificates)} if one.is_shown_certificates else {}
    config = folder / f"{one.name}.json"
    config.write_text(
        json.dumps(
            {
                **one.configuration,
                "leaderElection": {"leaderElect": False},
                "webhook": {"port": webhook, "host": "127.0.0.1", **place},
                "metrics": {"bindAddress": "0"},
                "health": {"healthProbeBindAddress": f"127.0.0.1:{health}"},
            }
        )
    )
    webhooks = _webhooks(one, webhook, authority)
    install_account(api, one.namespace, one.account, loopback_service(one.namespace, one.service))
    login = account_kubeconfig(api, folder, one.namespace, one.account)
    program = components()[one.name].program()
    with process(
        program, [f"--config={config}"], folder, {"KUBECONFIG": str(login), "TMPDIR": str(folder)}
    ) as wait:
        wait(lambda: bool(read(f"http://127.0.0.1:{health}/readyz")))
        with webhooks_in_force(api, webhooks, webhook, wait):
            yield


@contextlib.contextmanager
def webhooks_in_force(
    api: Api, webhooks: list[dict[str, Any]], port: int, wait: Callable[..., None]
) -> Iterator[None]:
    """Register a controller's webhooks. Wait for their port first: the controller reports ready before it serves them."""
    wait(lambda: accepts_connections(port))
    try:
        api.apply_all(webhooks)
        yield
    finally:
        for body in webhooks:
            api.delete(body)


def lead_here(webhook: dict[str, Any], service: str, namespace: str, port: int, authority: Authority) -> None:
    """Set a webhook's Service, port and certificate authority."""
    webhook["clientConfig"]["service"] |= {"name": service, "namespace": namespace, "port": port}
    webhook["clientConfig"]["caBundle"] = base64.b64encode(authority.certificate.read_bytes()).decode()


def _webhooks(one: WebhookController, port: int, authority: Authority) -> list[dict[str, Any]]:
    manifests = from_modules() / one.name / components()[one.name].files[0]
    bodies = [body for body in kubeyaml.load_all(manifests.read_text(encoding="utf-8")) if body]
    of_ours = [{"key": one.pods, "operator": "Exists"}]
    for body in bodies:
        body["metadata"]["name"] = f"{one.name}-{body['metadata']['name']}"
        for webhook in body["webhooks"]:
            lead_here(webhook, one.service, one.namespace, port, authority)
            if any("pods" in rule["resources"] for rule in webhook["rules"]):
                webhook["objectSelector"] = {"matchExpressions": of_ours}
    return bodies
