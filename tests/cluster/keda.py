"""KEDA's operator and metrics adapter, as its manifests run them (kedacore/keda v2.20.2, config/manager, config/metrics-server)."""

from __future__ import annotations

import base64
import contextlib
from typing import TYPE_CHECKING, Any

import crd_files
from components import components, from_modules
from control_plane_authority import Authority
from controller_accounts import account_kubeconfig, install_account, loopback_service
from kube_api import eventually
from processes import free_ports, process, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kube_api import Api

NAMESPACE, ACCOUNT = "keda", "keda-operator"
GROUPS = ("keda.sh", "eventing.keda.sh")
"""The groups of its CRDs: it watches all of them."""
_SERVICE = "keda-metrics-apiserver"
_API = "v1beta1.external.metrics.k8s.io"


@contextlib.contextmanager
def keda(api: Api, folder: Path, namespace: str) -> Iterator[None]:
    """Run KEDA for the scalers of one namespace. The API server reads external metrics from its adapter."""
    grpc, health, adapter = free_ports(3)
    authority = Authority(folder, "KEDA")
    hosts = ("localhost", "127.0.0.1", f"{_SERVICE}.{NAMESPACE}.svc")
    certificate, key = authority.issue("tls", "keda-operator", hosts)
    definitions = from_modules()
    crd_files.load(api, definitions, crd_files.of_groups(definitions, *GROUPS))
    install_account(api, NAMESPACE, ACCOUNT)
    login = account_kubeconfig(api, folder, NAMESPACE, ACCOUNT)
    settings = {
        "KUBECONFIG": str(login),
        "WATCH_NAMESPACE": namespace,
        "POD_NAMESPACE": NAMESPACE,
        "KEDA_CLUSTER_OBJECT_NAMESPACE": NAMESPACE,
        "KEDA_HTTP_DEFAULT_TIMEOUT": "3000",
    }
    operator_options = [
        f"--cert-dir={folder}",
        f"--metrics-service-bind-address=127.0.0.1:{grpc}",
        f"--health-probe-bind-address=127.0.0.1:{health}",
        "--enable-prometheus-metrics=false",
        "--zap-log-level=info",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    ]
    adapter_options = [
        f"--cert-dir={folder}",
        f"--tls-cert-file={certificate}",
        f"--tls-private-key-file={key}",
        f"--secure-port={adapter}",
        "--bind-address=127.0.0.1",
        "--port=0",
        f"--metrics-service-address=localhost:{grpc}",
        *(f"--{who}-kubeconfig={login}" for who in ("lister", "authentication", "authorization")),
    ]
    program = components()["keda"].program
    with contextlib.ExitStack() as running:
        wait = running.enter_context(process(program("keda-operator"), operator_options, folder, settings))
        wait(lambda: bool(read(f"http://127.0.0.1:{health}/readyz")))
        running.enter_context(process(program("keda-adapter"), adapter_options, folder, settings))
        registered = _registration(adapter, authority)
        api.apply_all(registered)
        running.callback(lambda: [api.delete(body) for body in registered])
        eventually(lambda: _is_available(api, registered[-1]), "external metrics are served", 60)
        yield


def _registration(port: int, authority: Authority) -> list[dict[str, Any]]:
    return [
        loopback_service(NAMESPACE, _SERVICE),
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": _API},
            "spec": {
                "service": {"name": _SERVICE, "namespace": NAMESPACE, "port": port},
                "caBundle": base64.b64encode(authority.certificate.read_bytes()).decode(),
                "group": "external.metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
            },
        },
    ]


def _is_available(api: Api, body: dict[str, Any]) -> bool:
    conditions = api.get(body).body.get("status", {}).get("conditions", [])
    return any((one["type"], one["status"]) == ("Available", "True") for one in conditions)
