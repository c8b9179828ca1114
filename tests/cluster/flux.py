"""Flux's source-controller and kustomize-controller, as a fleet's own `flux-system/kustomization.yaml` locks them down."""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

from components import components
from controller_accounts import account_kubeconfig, bound_accounts, service_account
from kube_api import Api, eventually
from processes import free_ports, process, read

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

NAMESPACE = "flux-system"
REQUESTED = "reconcile.fluxcd.io/requestedAt"
KUSTOMIZATION = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization"}
SOURCE = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository"}
CONTROLLERS = ("source-controller", "kustomize-controller")


def built(kustomization: str, *files: str) -> list[dict[str, Any]]:
    """The named files after the patches of a rendered `flux-system/kustomization.yaml`.

    `flux bootstrap` applies this and not the files; for kustomize itself there is the controller, later.
    """
    objects: list[dict[str, Any]] = [body for text in files for body in kubeyaml.load_all(text)]
    for patch in kubeyaml.load(kustomization)["patches"]:
        target = patch["target"]
        for change in kubeyaml.load(patch["patch"]):
            assert change["op"] == "add", change
            *parents, last = change["path"].strip("/").split("/")
            for body in objects:
                if body["kind"] == target["kind"] and re.fullmatch(target["name"], body["metadata"]["name"]):
                    place: Any = body
                    for step in parents:
                        place = place[int(step) if isinstance(place, list) else step]
                    if isinstance(place, list):
                        place.append(change["value"])
                    else:
                        place[last] = change["value"]
    return objects


def flags_of(objects: Sequence[dict[str, Any]], controller: str) -> list[str]:
    """The flags that a controller's Deployment gives it."""
    (deployment,) = (o for o in objects if (o["kind"], o["metadata"]["name"]) == ("Deployment", controller))
    flags: list[str] = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    return flags


def components_yaml() -> str:
    """A small `gotk-components.yaml`: Namespace, accounts, rights and Deployments without Pods.

    kustomize-controller has every right, as Flux gives it: tenants are held by acting as their own accounts.
    """
    objects: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        *(service_account(NAMESPACE, name) for name in CONTROLLERS),
        bound_accounts("cluster-reconciler-flux-system", NAMESPACE, *CONTROLLERS),
        *(deployment(name) for name in CONTROLLERS),
    ]
    return "---\n".join(json.dumps(body) + "\n" for body in objects)


def deployment(name: str) -> dict[str, Any]:
    """A controller's Deployment, as far as the fleet's patches change it; it has no Pod."""
    labels = {"app": name}
    container = {
        "name": "manager",
        "image": f"ghcr.io/fluxcd/{name}:v1",
        "args": ["--watch-all-namespaces=true"],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"serviceAccountName": name, "containers": [container]},
            },
        },
    }


def sync_yaml(url: str, cluster: str) -> str:
    """A `gotk-sync.yaml`: the fleet repository, and the Kustomization of a cluster's folder."""
    source = SOURCE | {
        "metadata": {"name": NAMESPACE, "namespace": NAMESPACE},
        "spec": {"interval": "1m", "url": url, "ref": {"branch": "main"}},
    }
    sync = KUSTOMIZATION | {
        "metadata": {"name": NAMESPACE, "namespace": NAMESPACE},
        "spec": {
            "interval": "10m",
            "path": f"./clusters/{cluster}",
            "prune": True,
            "sourceRef": {"kind": "GitRepository", "name": NAMESPACE},
        },
    }
    return "---\n".join(json.dumps(body) + "\n" for body in (source, sync))


class Flux:
    """Running controllers, and what a person would do with the `flux` command."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._requests = 0

    def reconcile(self, kind: dict[str, Any], name: str, namespace: str = NAMESPACE) -> None:
        """Ask for a reconciliation now; says nothing of when it is done."""
        self._requests += 1
        body = kind | {"metadata": {"name": name, "namespace": namespace}}
        answer = self.api.merge(body, {"metadata": {"annotations": {REQUESTED: str(self._requests)}}})
        assert answer.ok, answer.message

    def has_reconciled(self, *names: str, namespace: str = NAMESPACE) -> None:
        """Ask Kustomizations for a reconciliation, and wait until each has done it."""
        for name in names:
            self.reconcile(KUSTOMIZATION, name, namespace)
        for number, name in enumerate(names, self._requests - len(names) + 1):
            eventually(
                lambda name=name, number=number: (
                    self.kustomization(name, namespace)["status"].get("lastHandledReconcileAt") == str(number)
                ),
                lambda name=name: f"{name} has reconciled, but {self.condition(name, namespace)}",
                60,
            )

    def at(self, revision: str, *names: str, namespace: str = NAMESPACE, seconds: float = 90) -> None:
        """Wait until Kustomizations are Ready with a commit of their source."""
        for name in names:
            eventually(
                lambda name=name: self.is_at(revision, name, namespace),
                lambda name=name: f"{name} is Ready at {revision[:8]}, but {self.condition(name, namespace)}",
                seconds,
            )

    def is_at(self, revision: str, name: str, namespace: str = NAMESPACE) -> bool:
        found = self.kustomization(name, namespace)
        applied = str(found.get("status", {}).get("lastAppliedRevision", ""))
        return applied.endswith(revision) and self.condition(name, namespace)[0] == "True"

    def kustomization(self, name: str, namespace: str = NAMESPACE) -> dict[str, Any]:
        """The object on the API server; empty if it does not exist."""
        answer = self.api.get(KUSTOMIZATION | {"metadata": {"name": name, "namespace": namespace}})
        return answer.body if answer.ok else {}

    def condition(self, name: str, namespace: str = NAMESPACE) -> tuple[str, str]:
        """Whether a Kustomization is Ready ("True", "False", "Unknown", or nothing yet), and what it says."""
        for condition in self.kustomization(name, namespace).get("status", {}).get("conditions", []):
            if condition["type"] == "Ready":
                return condition["status"], condition["message"]
        return "", ""


@contextlib.contextmanager
def flux(api: Api, folder: Path, flags: Mapping[str, Sequence[str]], trusted: Path) -> Iterator[Flux]:
    """Run the controllers with their flags, each under its own account. They trust a certificate."""
    storage, *health = free_ports(3)
    address = f"127.0.0.1:{storage}"
    own = {
        "source-controller": [
            f"--storage-path={folder}",
            f"--storage-addr={address}",
            f"--storage-adv-addr={address}",
        ],
        "kustomize-controller": [],
    }
    with contextlib.ExitStack() as running:
        waits = []
        for name, port in zip(CONTROLLERS, health, strict=True):
            config = account_kubeconfig(api, folder, NAMESPACE, name)
            options = [
                "--metrics-addr=0",
                f"--health-addr=127.0.0.1:{port}",
                "--requeue-dependency=1s",  # 30 s by default; nothing else is quicker than it would be
                "--kube-api-qps=200",
                "--kube-api-burst=400",
                *own[name],
                *flags[name],
            ]
            settings = {
                "KUBECONFIG": str(config),
                "RUNTIME_NAMESPACE": NAMESPACE,
                "SSL_CERT_FILE": str(trusted),
                "GIT_SSL_CAINFO": str(trusted),
                "TMPDIR": str(folder),
                "HOME": str(folder),
            }
            program = components()[name].program()
            wait = running.enter_context(process(program, options, folder, settings))
            waits.append((wait, f"http://127.0.0.1:{port}/readyz"))
        for wait, ready in waits:
            wait(lambda ready=ready: bool(read(ready)))
        yield Flux(api)
