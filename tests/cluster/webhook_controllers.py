"""Controllers with webhooks, each as its manifests run it, with certificates of the tests' own."""

from __future__ import annotations

import base64
import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import admin_kubeconfig
from components import components, from_modules
from control_plane_authority import Authority
from processes import accepts_connections, free_ports, process, read

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kube_api import Api

__all__ = ["WebhookController", "install_account", "lead_here", "running_controller", "webhooks_in_force"]


@dataclass(frozen=True)
class WebhookController:
    """A controller of the table `assets/versions.toml`, whose first file there has its webhooks."""

    name: str
    namespace: str
    account: str
    service: str
    configuration: dict[str, Any]
    """What its configuration says beside addresses and certificates."""
    pods: str = ""
    """Label of the Pods that its webhooks are asked about."""
    is_shown_certificates: bool = True
    """Whether its configuration has a field for their folder; else controller-runtime's own place is taken."""


@contextlib.contextmanager
def running_controller(api: Api, folder: Path, one: WebhookController) -> Iterator[None]:
    """The controller while it is wanted, as its own account; its webhooks are in force as long."""
    webhook, health = free_ports(2)
    # Where controller-runtime looks for them, below the folder for temporary files.
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
    install_account(api, one.namespace, one.account, one.service)
    login = folder / f"{one.name}.kubeconfig"
    assert api.server.authority
    token = api.account_token(one.namespace, one.account)
    admin_kubeconfig.write(login, api.server.url, api.server.authority, token)
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
    """Register a controller's webhooks while they are wanted, once it serves them: it says before that it is ready."""
    wait(lambda: accepts_connections(port))
    try:
        for body in webhooks:
            answer = api.apply(body, manager="tests")
            assert answer.ok, answer.message
        yield
    finally:
        for body in webhooks:
            api.delete(body)


def install_account(api: Api, namespace: str, account: str, service: str) -> None:
    """The namespace of a controller, its account with every right, and the Service of its webhooks."""
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": account},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
    }
    for body in (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": namespace}},
        binding,
        # The API server calls a Service of this type where it leads to, and that may be loopback.
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": service, "namespace": namespace},
            "spec": {"type": "ExternalName", "externalName": "127.0.0.1"},
        },
    ):
        answer = api.apply(body, manager="tests")
        assert answer.ok, answer.message


def lead_here(webhook: dict[str, Any], service: str, namespace: str, port: int, authority: Authority) -> None:
    """Lead a webhook to a Service and port, whose certificate the authority has issued."""
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
