"""The kind of an inference service, which serves a model in a tenant's namespace."""

from __future__ import annotations

from typing import Final

from goldenpath.check.inference_checks import INFERENCE_CHECKS
from goldenpath.check.model_sources import check_model_source
from goldenpath.check.workload_checks import WORKLOAD_CHECKS
from goldenpath.check.workload_claims import workload_claims
from goldenpath.kinds.kind import RequestKind
from goldenpath.kinds.workload_kind import resolve_as
from goldenpath.spec.inference_service import InferenceService
from goldenpath.spec.placement import clusters_of
from goldenpath.spec.ref import Subject
from goldenpath.tenancy.inference_service_on_cluster import InferenceServiceOnCluster

__all__ = ["KIND"]


def _engine(spec: InferenceService) -> str | None:
    return spec.engine.name


KIND: Final = RequestKind(
    name="inference-service",
    subject=Subject.WORKLOAD,
    model=InferenceService,
    clusters=clusters_of,
    resolve=resolve_as(InferenceServiceOnCluster),
    checks=(*WORKLOAD_CHECKS, *INFERENCE_CHECKS, check_model_source),
    claims=workload_claims,
    engine=_engine,
)
