"""A model pipeline: one run that makes a model from datasets, in a tenant's namespace."""

from __future__ import annotations

from typing import Final

from goldenpath.check.pipeline_checks import PIPELINE_CHECKS
from goldenpath.check.workload_checks import WORKLOAD_CHECKS
from goldenpath.check.workload_claims import workload_claims
from goldenpath.kinds.kind import RequestKind
from goldenpath.kinds.workload_kind import resolve_as
from goldenpath.spec.model_pipeline import ModelPipeline
from goldenpath.spec.placement import clusters_of
from goldenpath.spec.ref import Subject
from goldenpath.tenancy.model_pipeline_on_cluster import ModelPipelineOnCluster

__all__ = ["KIND"]


KIND: Final = RequestKind(
    name="model-pipeline",
    subject=Subject.WORKLOAD,
    model=ModelPipeline,
    clusters=clusters_of,
    resolve=resolve_as(ModelPipelineOnCluster),
    checks=(*WORKLOAD_CHECKS, *PIPELINE_CHECKS),
    claims=workload_claims,
)
