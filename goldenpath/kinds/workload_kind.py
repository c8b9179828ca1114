"""The kind of a workload whose golden path declares its inputs in JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.workload_checks import WORKLOAD_CHECKS
from goldenpath.check.workload_claims import workload_claims
from goldenpath.kinds.kind import RequestKind
from goldenpath.spec.placement import clusters_of
from goldenpath.spec.ref import Subject
from goldenpath.spec.workload import Workload
from goldenpath.tenancy import WorkloadOnCluster

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.spec.envelope import Envelope
    from goldenpath.tenancy import Platform, Tenancy

__all__ = ["KIND", "resolve_as"]


def resolve_as(
    on_cluster: Callable[[Tenancy, Any], WorkloadOnCluster],
) -> Callable[[Envelope, Platform, Tenancy | None], WorkloadOnCluster]:
    """Return a function that resolves a workload request to ``on_cluster``, a class of workloads on a cluster."""

    def resolve(spec: Envelope, platform: Platform, tenancy: Tenancy | None) -> WorkloadOnCluster:
        if tenancy is None:
            raise ValueError(f"{spec.golden_path} {spec.name} on {platform.name}: the tenant is missing")
        return on_cluster(tenancy, spec)

    return resolve


KIND: Final = RequestKind(
    name="workload",
    subject=Subject.WORKLOAD,
    model=Workload,
    clusters=clusters_of,
    resolve=resolve_as(WorkloadOnCluster),
    checks=WORKLOAD_CHECKS,
    claims=workload_claims,
)
