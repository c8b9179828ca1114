"""The controller of LeaderWorkerSets with its webhooks, as its manifests run it (kubernetes-sigs/lws v0.9.0, config)."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import TYPE_CHECKING, Any

import admin_kubeconfig
from components import components, from_modules
from control_plane_authority import Authority
from processes import accepts_connections, free_ports, process, read

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kube_api import Api

NAMESPACE, ACCOUNT = "lws-system", "lws-controller-manager"
GROUPS = ("leaderworkerset.x-k8s.io", "disaggregatedset.x-k8s.io")
"""The groups of its CRDs: it watches both."""
_SERVICE = "lws-webhook-service"
_OF_GROUPS = [{"key": "leaderworkerset.sigs.k8s.io/name", "operator": "Exists"}]
"""Pods that its webhooks are asked about (config/webhook/mutating-patch.yaml)."""


@contextlib.contextmanager
def leader_worker_sets(api: Api, folder: Path) -> Iterator[None]:
    """The controller while it is wanted, as its own account; its webhooks are in force as long."""
    webhook, health = free_ports(2)
    authority = Authority(folder, "lws")
    authority.issue("tls", _SERVICE, [f"{_SERVICE}.{NAMESPACE}.svc"])
    config = folder / "lws.json"
    config.write_text(json.dumps(_configuration(webhook, health, folder)))
    webhooks = _webhooks(webhook, authority)
    _install(api)
    login = folder / "lws.kubeconfig"
    assert api.server.authority
    admin_kubeconfig.write(login, api.server.url, api.server.authority, api.account_token(NAMESPACE, ACCOUNT))
    program = components()["lws"].program()
    with process(program, [f"--config={config}"], folder, {"KUBECONFIG": str(login)}) as wait:
        wait(lambda: bool(read(f"http://127.0.0.1:{health}/readyz")))
        # Ready does not mean that its webhooks are served yet.
        wait(lambda: accepts_connections(webhook))
        try:
            for body in webhooks:
                answer = api.apply(body, manager="tests")
                assert answer.ok, answer.message
            yield
        finally:
            for body in webhooks:
                api.delete(body)


def _configuration(webhook: int, health: int, certificates: Path) -> dict[str, Any]:
    return {
        "apiVersion": "config.lws.x-k8s.io/v1alpha1",
        "kind": "Configuration",
        "leaderElection": {"leaderElect": False},
        "internalCertManagement": {"enable": False},
        "webhook": {"port": webhook, "host": "127.0.0.1", "certDir": str(certificates)},
        "metrics": {"bindAddress": "0"},
        "health": {"healthProbeBindAddress": f"127.0.0.1:{health}"},
    }


def _install(api: Api) -> None:
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": ACCOUNT},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
    }
    for body in (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": NAMESPACE}},
        binding,
        # The API server calls a Service of this type where it leads to, and that may be loopback.
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": _SERVICE, "namespace": NAMESPACE},
            "spec": {"type": "ExternalName", "externalName": "127.0.0.1"},
        },
    ):
        answer = api.apply(body, manager="tests")
        assert answer.ok, answer.message


def _webhooks(port: int, authority: Authority) -> list[dict[str, Any]]:
    manifests = from_modules() / "lws" / components()["lws"].files[0]
    bodies = [body for body in kubeyaml.load_all(manifests.read_text(encoding="utf-8")) if body]
    bundle = base64.b64encode(authority.certificate.read_bytes()).decode()
    for body in bodies:
        body["metadata"]["name"] = f"lws-{body['metadata']['name']}"
        for webhook in body["webhooks"]:
            service = webhook["clientConfig"]["service"]
            service |= {"name": _SERVICE, "namespace": NAMESPACE, "port": port}
            webhook["clientConfig"]["caBundle"] = bundle
            if any("pods" in rule["resources"] for rule in webhook["rules"]):
                webhook["objectSelector"] = {"matchExpressions": _OF_GROUPS}
    return bodies
