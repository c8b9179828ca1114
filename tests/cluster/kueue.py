"""Kueue's manager with its webhooks, set up as docs/tasks/bootstrap-flux.md asks for it."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import TYPE_CHECKING, Any

import admin_kubeconfig
import crd_files
from components import components, from_modules
from processes import free_ports, process, read

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kube_api import Api

NAMESPACE = "kueue-system"
ACCOUNT = "kueue-controller-manager"
GROUP = "kueue.x-k8s.io"
INTEGRATIONS = ["batch/job", "pod", "deployment", "statefulset"]

_SERVICE = "kueue-webhook-service"
_SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "kueue-webhook-server-cert", "namespace": NAMESPACE},
}
_CONVERTED = ("localqueues", "clusterqueues", "workloads", "cohorts", "multikueueclusters")


@contextlib.contextmanager
def kueue(api: Api, folder: Path, resources: dict[str, Any]) -> Iterator[str]:
    """The manager while it is wanted, and the address of its metrics; its webhooks are in force as long.

    ``resources`` is the part of its configuration that the platform has rendered for it.
    """
    webhook, health, metrics = free_ports(3)
    certificates = folder / "certificates"
    certificates.mkdir()
    _install(api, webhook)
    config = folder / "kueue.json"
    config.write_text(json.dumps(_configuration(webhook, health, metrics, certificates, resources)))
    login = folder / "kueue.kubeconfig"
    assert api.server.authority
    admin_kubeconfig.write(login, api.server.url, api.server.authority, api.account_token(NAMESPACE, ACCOUNT))

    def mounted_and_ready() -> bool:
        # The kubelet's part: the Secret that the manager fills is mounted as files.
        for name, data in (api.get(_SECRET).body.get("data") or {}).items():
            (certificates / name).write_bytes(base64.b64decode(data))
        return bool(read(f"http://127.0.0.1:{health}/readyz"))

    options = [f"--config={config}", "--zap-log-level=info"]
    with process(components()["kueue"].program(), options, folder, {"KUBECONFIG": str(login)}) as wait:
        wait(mounted_and_ready)
        try:
            yield f"https://127.0.0.1:{metrics}/metrics"
        finally:
            for body in _webhooks(webhook):
                api.delete(body)


def _configuration(
    webhook: int, health: int, metrics: int, certificates: Path, resources: dict[str, Any]
) -> dict[str, Any]:
    return {
        "apiVersion": "config.kueue.x-k8s.io/v1beta2",
        "kind": "Configuration",
        "namespace": NAMESPACE,
        "health": {"healthProbeBindAddress": f"127.0.0.1:{health}"},
        "metrics": {"bindAddress": f"127.0.0.1:{metrics}", "enableClusterQueueResources": True},
        "webhook": {"host": "127.0.0.1", "port": webhook, "certDir": str(certificates)},
        "leaderElection": {"leaderElect": False},
        "clientConnection": {"qps": 300, "burst": 500},
        "integrations": {"frameworks": INTEGRATIONS},
        # Its certificate would have to be in a folder of the root, and nobody asks it here.
        "featureGates": {"VisibilityOnDemand": False},
        "managedJobsNamespaceSelector": {
            "matchExpressions": [{"key": "goldenpath.dev/tenant", "operator": "Exists"}]
        },
        "resources": resources,
    }


def _install(api: Api, port: int) -> None:
    """Its namespace, account, Service and Secret, its webhooks, and the conversion of what it has two versions of."""
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "kueue-controller-manager"},
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
        _SECRET,
        *_webhooks(port),
    ):
        answer = api.apply(body, manager="tests")
        assert answer.ok, answer.message
    conversion = {
        "strategy": "Webhook",
        "webhook": {
            "clientConfig": {
                "service": {"namespace": NAMESPACE, "name": _SERVICE, "path": "/convert", "port": port}
            },
            "conversionReviewVersions": ["v1"],
        },
    }
    for name in _CONVERTED:
        crd_files.change(api, f"{name}.{GROUP}", {"spec": {"conversion": conversion}})


def _webhooks(port: int) -> list[dict[str, Any]]:
    """Kueue's own manifests of them, named and led to the Service as its kustomization does it."""
    manifests = from_modules() / "kueue" / components()["kueue"].files[0]
    bodies = [body for body in kubeyaml.load_all(manifests.read_text(encoding="utf-8")) if body]
    for body in bodies:
        body["metadata"]["name"] = f"kueue-{body['metadata']['name']}"
        for webhook in body["webhooks"]:
            webhook["clientConfig"]["service"] |= {"name": _SERVICE, "namespace": NAMESPACE, "port": port}
            if {"pods", "deployments", "statefulsets"} & {
                r for rule in webhook["rules"] for r in rule["resources"]
            }:
                webhook["namespaceSelector"] = {
                    "matchExpressions": [
                        {
                            "key": "kubernetes.io/metadata.name",
                            "operator": "NotIn",
                            "values": ["kube-system", NAMESPACE],
                        }
                    ]
                }
    return bodies
