"""KServe's controller of LLMInferenceServices with its webhooks, as its manifests run it (kserve/kserve v0.20.0, config)."""

from __future__ import annotations

import base64
import contextlib
from typing import TYPE_CHECKING, Any

import admin_kubeconfig
from components import components, from_modules
from control_plane_authority import Authority
from processes import free_ports, process, read

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kube_api import Api

NAMESPACE, ACCOUNT = "kserve", "llmisvc-controller-manager"
_SERVICE = "llmisvc-webhook-server-service"
_CERTIFICATES = "k8s-webhook-server/serving-certs"
"""Where a manager of controller-runtime looks for its certificate, below the folder for temporary files."""


@contextlib.contextmanager
def kserve(api: Api, folder: Path) -> Iterator[None]:
    """The controller while it is wanted, as its own account; its webhooks are in force as long."""
    webhook, health = free_ports(2)
    certificates = folder / _CERTIFICATES
    certificates.mkdir(parents=True)
    authority = Authority(certificates, "kserve")
    authority.issue("tls", _SERVICE, [f"{_SERVICE}.{NAMESPACE}.svc"])
    webhooks_file, *others = components()["kserve"].files
    webhooks = _webhooks(_manifests(webhooks_file), webhook, authority)
    _install(api, [body for file in others for body in _manifests(file)])
    login = folder / "kserve.kubeconfig"
    assert api.server.authority
    admin_kubeconfig.write(login, api.server.url, api.server.authority, api.account_token(NAMESPACE, ACCOUNT))
    options = [
        f"--webhook-port={webhook}",
        f"--health-probe-addr=127.0.0.1:{health}",
        "--metrics-addr=0",
        "--metrics-secure=false",
    ]
    settings = {"KUBECONFIG": str(login), "POD_NAMESPACE": NAMESPACE, "TMPDIR": str(folder)}
    with process(components()["kserve"].program("llmisvc"), options, folder, settings) as wait:
        wait(lambda: bool(read(f"http://127.0.0.1:{health}/readyz")))
        try:
            for body in webhooks:
                answer = api.apply(body, manager="tests")
                assert answer.ok, answer.message
            yield
        finally:
            for body in webhooks:
                api.delete(body)


def _manifests(file: str) -> list[dict[str, Any]]:
    text = (from_modules() / "kserve" / file).read_text(encoding="utf-8")
    return [body for body in kubeyaml.load_all(text) if body]


def _install(api: Api, configuration: list[dict[str, Any]]) -> None:
    """Its namespace and account, and the settings and presets that it merges into each service."""
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": ACCOUNT},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
    }
    service = {
        # The API server calls a Service of this type where it leads to, and that may be loopback.
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": _SERVICE, "namespace": NAMESPACE},
        "spec": {"type": "ExternalName", "externalName": "127.0.0.1"},
    }
    for body in configuration:
        body["metadata"]["namespace"] = NAMESPACE
    for body in (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": NAMESPACE}},
        binding,
        service,
        *configuration,
    ):
        answer = api.apply(body, manager="tests")
        assert answer.ok, answer.message


def _webhooks(bodies: list[dict[str, Any]], port: int, authority: Authority) -> list[dict[str, Any]]:
    """Those of services; presets are installed before, and change no more."""
    bundle = base64.b64encode(authority.certificate.read_bytes()).decode()
    chosen = [
        body for body in bodies if not body["metadata"]["name"].startswith("llminferenceserviceconfig.")
    ]
    for body in chosen:
        for webhook in body["webhooks"]:
            service = webhook["clientConfig"]["service"]
            service |= {"name": _SERVICE, "namespace": NAMESPACE, "port": port}
            webhook["clientConfig"]["caBundle"] = bundle
    return chosen
