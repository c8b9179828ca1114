"""A fleet that demands provenance, with a tenant and its inference service, in files and in a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline_requests import FLEET as FLEET_WITH_A_BUILDER
from sample_services import FLEET as SERVING_FLEET
from sample_services import TENANT, run, service

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet

if TYPE_CHECKING:
    from pathlib import Path

FLEET: dict[str, Any] = {
    **SERVING_FLEET,
    "provenance": {**FLEET_WITH_A_BUILDER["provenance"], "required": True},
}


def serving(reference: str) -> dict[str, Any]:
    """The request of a service that serves this model."""
    model = {"name": "meta-llama/Llama-3.3-70B-Instruct", "source": {"oci": f"oci://{reference}"}}
    return {**service(), "model": model}


def pod_of(reference: str, name: str) -> dict[str, Any]:
    """The Pod of the rendered Deployment of the service, with this reference to its model."""
    pinned = f"registry.example.org/models/llama@sha256:{'2' * 64}"
    rendered = run(serving(pinned), fleet=FLEET)
    (template,) = (
        item.body["spec"]["template"]
        for part in rendered.parts
        for item in part.objects
        if item.kind == "Deployment"
    )
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "vision"},
        "spec": template["spec"],
    }
    (volume,) = (each for each in pod["spec"]["volumes"] if "image" in each)
    volume["image"]["reference"] = reference
    return pod


def write_files(folder: Path, reference: str) -> None:
    """The fleet, the tenant and the service as files of a folder."""
    for name, document in (("goldenpath", FLEET), ("tenant", TENANT), ("service", serving(reference))):
        (folder / f"{name}.yaml").write_text(kubeyaml.dump(document))


def publish(folder: Path, place: Path) -> None:
    """Publish tenant and service of a folder to a new fleet repository."""
    with Fleet.create(place, (folder / "goldenpath.yaml").read_text()) as fleet:
        fleet.publish(folder / "tenant.yaml")
        fleet.publish(folder / "service.yaml")
