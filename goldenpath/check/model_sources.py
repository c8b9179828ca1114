"""Where models come from, against what the fleet demands: by digest, with provenance that admission can hold them to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.findings import Finding, Severity
from goldenpath.provenance.refusals import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.tenancy import Platform
    from goldenpath.tenancy.inference_service_on_cluster import InferenceServiceOnCluster
    from goldenpath.tenancy.rendered import RenderedOnCluster

__all__ = ["check_enforcement", "check_model_source"]

_OPEN = {
    "hf": "the weights are downloaded at start, from the Hugging Face Hub",
    "pvc": "a volume has no digest that admission could read, and others may write to it",
    "s3": "the weights are downloaded at start, from a bucket",
}


def check_model_source(rendered: RenderedOnCluster[InferenceServiceOnCluster]) -> Iterator[Finding]:
    """A served model is an OCI artifact by digest, where the fleet demands provenance."""
    service: Any = rendered.resolved
    builder = service.fleet.provenance
    if builder is None or not builder.required or service.source_kind == "oci":
        return
    refusal = REFUSALS["model-source"]
    message = f"{refusal.message} The joint that is open: {refusal.joint}; {_OPEN[service.source_kind]}."
    place = f"Workload {service.ref.path} on {service.cluster_name}"
    yield Finding("", place, "model.source", refusal.rule, Severity.ERROR, message, refusal.fix)


def check_enforcement(platform: Platform) -> Iterator[Finding]:
    """The fleet demands provenance, and nothing on the cluster can verify it."""
    builder = platform.fleet.provenance
    if builder is None or not builder.required or platform.verifies_models:
        return
    message = (
        f"{platform.name} has no Kyverno 1.19: admission holds models to digests and registries, and does not verify "
        "their provenance: builder, tenant, repository and datasets"
    )
    fix = "Install Kyverno 1.19 or later and name it under `addons`; until then, `goldenpath check --registry` in CI."
    yield Finding(
        "",
        f"Cluster {platform.name}",
        "provenance.required",
        "provenance-not-enforced",
        Severity.WARNING,
        message,
        fix,
    )
