"""A model pipeline: one run that makes a model from datasets, in a tenant's namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.check.pipeline_checks import PIPELINE_CHECKS
from goldenpath.check.workload_checks import WORKLOAD_CHECKS
from goldenpath.check.workload_claims import workload_claims
from goldenpath.kinds.kind import RequestKind
from goldenpath.spec.model_pipeline import ModelPipeline
from goldenpath.spec.placement import clusters_of
from goldenpath.spec.ref import Subject
from goldenpath.tenancy.model_pipeline_on_cluster import ModelPipelineOnCluster

if TYPE_CHECKING:
    from goldenpath.tenancy import Platform, Tenancy

__all__ = ["KIND"]


def _resolve(spec: ModelPipeline, platform: Platform, tenancy: Tenancy | None) -> ModelPipelineOnCluster:
    if tenancy is None:
        raise ValueError(f"model pipeline {spec.name} on {platform.name}: its tenant was not given")
    return ModelPipelineOnCluster(tenancy, spec)


KIND: Final = RequestKind(
    name="model-pipeline",
    subject=Subject.WORKLOAD,
    model=ModelPipeline,
    clusters=clusters_of,
    resolve=_resolve,
    checks=(*WORKLOAD_CHECKS, *PIPELINE_CHECKS),
    claims=workload_claims,
)
