"""Tenants under Flux: published to the fleet repository, each with a repository of its own, and reconciled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flux import SOURCE
from kube_api import eventually
from running_platform import SAMPLES

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from flux import Flux
    from git_server import Repository
    from running_platform import RunningPlatform

ROOTS = ("flux-system", "platform", "tenants")
TENANTS = ("vision", "speech", "no")
WITH_SOURCE = ("vision", "speech")


def config_map(name: str, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **metadata},
        "data": {"a": "1"},
    }


def documents(*bodies: dict[str, Any]) -> str:
    return "---\n".join(json.dumps(body) + "\n" for body in bodies)


def sample(name: str) -> dict[str, Any]:
    body: dict[str, Any] = kubeyaml.load_file(SAMPLES / f"{name}.yaml")
    return body


class OnFlux:
    """Tenants that a platform has under Flux, each with a repository of its own where it asked for one."""

    def __init__(self, platform: RunningPlatform, flux: Flux) -> None:
        self.platform = platform
        self.flux = flux
        self.repositories: dict[str, Repository] = {}

    def publish(self, *, with_source: bool = True, **request: Any) -> str:
        """Publish a request; with a repository of the tenant's own that holds a ConfigMap."""
        name = request["name"]
        if with_source:
            repository = self.repositories[name] = self.platform.git.repository(name)
            repository.write({"deploy/settings.yaml": documents(config_map("settings"))})
            request["source"] = {"git": repository.url, "path": "./deploy"}
        return self.platform.publish(**request)

    def push(self, name: str, **files: dict[str, Any]) -> str:
        """Make a tenant's own repository hold these, and let Flux look at once."""
        texts = {f"deploy/{file}.yaml": documents(content) for file, content in files.items()}
        revision = self.repositories[name].write(texts)
        self.flux.reconcile(SOURCE, name, name)
        return revision

    def refusal(self, name: str, **files: dict[str, Any]) -> str:
        """Flux's message when it refuses a tenant's own repository; the repository always has ``settings``."""
        revision = self.push(name, settings=config_map("settings"), **files)

        def reported() -> tuple[str, str]:
            status = self.flux.kustomization(name, name)["status"]
            attempted = str(status.get("lastAttemptedRevision", "")).endswith(revision)
            return self.flux.condition(name, name) if attempted else ("", "")

        eventually(lambda: reported()[0] == "False", lambda: f"Flux refuses: {reported()}", 60)
        return reported()[1]


def onboard_samples(platform: RunningPlatform, flux: Flux) -> OnFlux:
    """The sample tenants, reconciled."""
    on_flux = OnFlux(platform, flux)
    for request, has_source in (("vision", True), ("speech", True), ("sandbox", False)):
        revision = on_flux.publish(with_source=has_source, **sample(request))
    flux.at(revision, *ROOTS, *(f"tenant-{name}" for name in TENANTS))
    for name in WITH_SOURCE:
        flux.at(on_flux.repositories[name].head, name, namespace=name)
    return on_flux
