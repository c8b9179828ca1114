"""Kueue's manager with its webhooks, set up as docs/tasks/bootstrap-flux.md asks for it."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import TYPE_CHECKING, Any

import crd_files
from components import components, from_modules
from controller_accounts import account_kubeconfig, install_account, loopback_service
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
    """Run the manager with its webhooks in force; yield the address of its metrics.

    ``resources`` is the part of the manager's configuration that the platform renders.
    """
    webhook, health, metrics = free_ports(3)
    certificates = folder / "certificates"
    certificates.mkdir()
    _install(api, webhook)
    config = folder / "kueue.json"
    config.write_text(json.dumps(_configuration(webhook, health, metrics, certificates, resources)))
    login = account_kubeconfig(api, folder, NAMESPACE, ACCOUNT)

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
        # Its certificate would have to be in a folder of the root user, and no test needs this API.
        "featureGates": {"VisibilityOnDemand": False},
        "managedJobsNamespaceSelector": {
            "matchExpressions": [{"key": "goldenpath.dev/tenant", "operator": "Exists"}]
        },
        "resources": resources,
    }


def _install(api: Api, port: int) -> None:
    """Install the manager's account, Service, Secret and webhooks, and the conversion of CRDs with two versions."""
    service = loopback_service(NAMESPACE, _SERVICE)
    install_account(api, NAMESPACE, ACCOUNT, service, _SECRET, *_webhooks(port))
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
    """Kueue's own webhook manifests, with the names and the Service of its kustomization."""
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
