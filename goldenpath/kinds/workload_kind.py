"""A workload of a tenant: the envelope and the inputs that its golden path declares in JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.check.workload_checks import WORKLOAD_CHECKS
from goldenpath.check.workload_claims import workload_claims
from goldenpath.kinds.kind import RequestKind
from goldenpath.spec.placement import clusters_of
from goldenpath.spec.ref import Subject
from goldenpath.spec.workload import Workload
from goldenpath.tenancy import WorkloadOnCluster

if TYPE_CHECKING:
    from goldenpath.spec.envelope import Envelope
    from goldenpath.tenancy import Platform, Tenancy

__all__ = ["KIND", "resolve_workload"]


def resolve_workload(spec: Envelope, platform: Platform, tenancy: Tenancy | None) -> WorkloadOnCluster:
    """A workload on a cluster, for this kind and for others whose subject is a workload."""
    if tenancy is None:
        raise ValueError(f"workload {spec.name} on {platform.name}: its tenant was not given")
    return WorkloadOnCluster(tenancy, spec)


KIND: Final = RequestKind(
    name="workload",
    subject=Subject.WORKLOAD,
    model=Workload,
    clusters=clusters_of,
    resolve=resolve_workload,
    checks=WORKLOAD_CHECKS,
    claims=workload_claims,
)
