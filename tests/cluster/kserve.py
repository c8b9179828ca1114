"""KServe's controller of LLMInferenceServices with its webhooks, as its manifests run it (kserve/kserve v0.20.0, config)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from components import components, from_modules
from control_plane_authority import Authority
from controller_accounts import account_kubeconfig, install_account, loopback_service
from processes import free_ports, process, read
from webhook_controllers import lead_here, webhooks_in_force

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
    """Run the controller under its own account, with its webhooks in force."""
    webhook, health = free_ports(2)
    certificates = folder / _CERTIFICATES
    certificates.mkdir(parents=True)
    authority = Authority(certificates, "kserve")
    authority.issue("tls", _SERVICE, [f"{_SERVICE}.{NAMESPACE}.svc"])
    webhooks_file, *others = components()["kserve"].files
    webhooks = _webhooks(_manifests(webhooks_file), webhook, authority)
    _install(api, [body for file in others for body in _manifests(file)])
    login = account_kubeconfig(api, folder, NAMESPACE, ACCOUNT)
    options = [
        f"--webhook-port={webhook}",
        f"--health-probe-addr=127.0.0.1:{health}",
        "--metrics-addr=0",
        "--metrics-secure=false",
    ]
    settings = {"KUBECONFIG": str(login), "POD_NAMESPACE": NAMESPACE, "TMPDIR": str(folder)}
    with process(components()["kserve"].program("llmisvc"), options, folder, settings) as wait:
        wait(lambda: bool(read(f"http://127.0.0.1:{health}/readyz")))
        with webhooks_in_force(api, webhooks, webhook, wait):
            yield


def _manifests(file: str) -> list[dict[str, Any]]:
    text = (from_modules() / "kserve" / file).read_text(encoding="utf-8")
    return [body for body in kubeyaml.load_all(text) if body]


def _install(api: Api, configuration: list[dict[str, Any]]) -> None:
    """Its account, and the settings and presets that it merges into each service."""
    for body in configuration:
        body["metadata"]["namespace"] = NAMESPACE
    install_account(api, NAMESPACE, ACCOUNT, loopback_service(NAMESPACE, _SERVICE), *configuration)


def _webhooks(bodies: list[dict[str, Any]], port: int, authority: Authority) -> list[dict[str, Any]]:
    """Those of services; presets are installed before, and change no more."""
    chosen = [
        body for body in bodies if not body["metadata"]["name"].startswith("llminferenceserviceconfig.")
    ]
    for body in chosen:
        for webhook in body["webhooks"]:
            lead_here(webhook, _SERVICE, NAMESPACE, port, authority)
    return chosen
