"""Checks that models come by digest, with provenance that admission can verify, where the fleet requires it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.check.finding_factory import request_finding
from goldenpath.findings import Finding, Severity
from goldenpath.provenance.refusals import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.tenancy import Platform
    from goldenpath.tenancy.inference_service_on_cluster import InferenceServiceOnCluster
    from goldenpath.tenancy.rendered import RenderedOnCluster

__all__ = ["check_enforcement", "check_model_source"]

_OPEN = {
    "hf": "the Pod downloads the weights at start, from the Hugging Face Hub",
    "pvc": "a volume has no digest that admission could read, and other Pods may write to it",
    "s3": "the Pod downloads the weights at start, from a bucket",
}


def check_model_source(rendered: RenderedOnCluster[InferenceServiceOnCluster]) -> Iterator[Finding]:
    """A served model is an OCI artifact by digest, where the fleet requires provenance."""
    service: Any = rendered.resolved
    builder = service.fleet.provenance
    if builder is None or not builder.required or service.source_kind == "oci":
        return
    refusal = REFUSALS["model-source"]
    message = f"{refusal.message} The joint that is open: {refusal.joint}; {_OPEN[service.source_kind]}."
    yield request_finding(service, refusal.rule, Severity.ERROR, "model.source", message, fix=refusal.fix)


def check_enforcement(platform: Platform) -> Iterator[Finding]:
    """The cluster can verify provenance, where the fleet requires it."""
    builder = platform.fleet.provenance
    if builder is None or not builder.required or platform.verifies_models:
        return
    message = (
        f"{platform.name} has no Kyverno 1.19, so admission checks the digests and registries of models, but not their "
        "provenance: builder, tenant, repository and datasets"
    )
    fix = "Install Kyverno 1.19 or later and name it under `addons`. Until then, run `goldenpath check --registry` in CI."
    yield Finding(
        "",
        f"Cluster {platform.name}",
        "provenance.required",
        "provenance-not-enforced",
        Severity.WARNING,
        message,
        fix,
    )
