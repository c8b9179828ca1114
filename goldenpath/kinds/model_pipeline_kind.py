"""The kind of a model pipeline, which is one run that trains a model from datasets in a tenant's namespace."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from goldenpath.check.pipeline_checks import PIPELINE_CHECKS
from goldenpath.check.workload_checks import WORKLOAD_CHECKS
from goldenpath.check.workload_claims import workload_claims
from goldenpath.kinds.kind import RequestKind
from goldenpath.kinds.workload_kind import resolve_as
from goldenpath.spec.model_pipeline import ModelPipeline
from goldenpath.spec.placement import clusters_of
from goldenpath.spec.ref import Subject
from goldenpath.tenancy.model_pipeline_on_cluster import ModelPipelineOnCluster

if TYPE_CHECKING:
    from goldenpath.tenancy.claims import Claims
    from goldenpath.tenancy.rendered import RenderedOnCluster

__all__ = ["KIND"]


def _claims(rendered: RenderedOnCluster[ModelPipelineOnCluster]) -> Claims:
    """Return the claims of a run. With a queue, the minimum is 0, because a run may wait or have ended."""
    claims = workload_claims(rendered)
    if rendered.resolved.queue is None:
        return claims
    return replace(
        claims, accelerators={profile: (0, most) for profile, (_, most) in claims.accelerators.items()}
    )


KIND: Final = RequestKind(
    name="model-pipeline",
    subject=Subject.WORKLOAD,
    model=ModelPipeline,
    clusters=clusters_of,
    resolve=resolve_as(ModelPipelineOnCluster),
    checks=(*WORKLOAD_CHECKS, *PIPELINE_CHECKS),
    claims=_claims,
)
