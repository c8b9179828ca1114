"""A tenant's or workload's status as values. ``as_dict`` of each is its JSON shape (docs/tasks/see-the-state.md)."""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.cluster import ObjectAction

if TYPE_CHECKING:
    from goldenpath.cluster import ClusterChangeSet, ObjectRef, Readiness

__all__ = [
    "AcceleratorStatus",
    "ClusterStatus",
    "FluxStatus",
    "Health",
    "IdentityStatus",
    "QueueStatus",
    "QuotaStatus",
    "ScalerStatus",
    "TenantStatus",
    "WorkloadStatus",
]


class Health(enum.StrEnum):
    """The worst of what is known, worst last."""

    OK = "ok"
    PROGRESSING = "progressing"
    DEGRADED = "degraded"
    MISSING = "missing"
    """The tenant's namespace is not there."""


@dataclass(frozen=True, slots=True)
class FluxStatus:
    """A Kustomization or a source. ``revision`` is what it has applied or fetched last."""

    object: ObjectRef
    readiness: Readiness
    revision: str = ""
    suspended: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Its JSON shape."""
        return {
            "object": self.object.as_dict(),
            **self.readiness.as_dict(),
            "revision": self.revision,
            "suspended": self.suspended,
        }


@dataclass(frozen=True, slots=True)
class QuotaStatus:
    """One line of a ResourceQuota, as Kubernetes quantities; ``asked`` is what the repository has, if it has it."""

    quota: str
    resource: str
    used: str
    hard: str
    asked: str | None

    def as_dict(self) -> dict[str, Any]:
        """Its JSON shape."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class AcceleratorStatus:
    """What a tenant has of an accelerator, in devices or slices.

    ``used`` is None if it is unknown: without a queue, two models behind one resource name count together.
    """

    profile: str
    resource: str
    quota: int
    borrow: int
    used: int | None
    borrowed: int

    def as_dict(self) -> dict[str, Any]:
        """Its JSON shape."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """The ClusterQueue: Workloads that wait, and that were admitted."""

    name: str
    readiness: Readiness
    pending: int
    admitted: int
    stopped: bool

    def as_dict(self) -> dict[str, Any]:
        """Its JSON shape."""
        return {
            "name": self.name,
            **self.readiness.as_dict(),
            "pending": self.pending,
            "admitted": self.admitted,
            "stopped": self.stopped,
        }


@dataclass(frozen=True, slots=True)
class IdentityStatus:
    """A service account's SPIFFE identity: Pods that should have it, entries that were asked for, and that failed.

    The counts are None where the SPIRE controller manager has not reported.
    """

    service_account: str
    spiffe_id: str
    present: bool
    pods: int | None
    entries: int | None
    failures: int | None

    def as_dict(self) -> dict[str, Any]:
        """Its JSON shape."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ScalerStatus:
    """A ScaledObject or ScaledJob; ``fallback`` says that its metrics cannot be read."""

    object: ObjectRef
    readiness: Readiness
    active: bool
    fallback: bool
    paused: bool

    def as_dict(self) -> dict[str, Any]:
        """Its JSON shape."""
        return {
            "object": self.object.as_dict(),
            **self.readiness.as_dict(),
            "active": self.active,
            "fallback": self.fallback,
            "paused": self.paused,
        }


@dataclass(frozen=True, slots=True)
class TenantStatus:
    """One tenant on one cluster. ``reasons`` say why its health is not ok, worst first."""

    name: str
    cluster: str
    health: Health
    reasons: tuple[str, ...]
    namespace: Readiness
    flux: tuple[FluxStatus, ...]
    drift: ClusterChangeSet
    quotas: tuple[QuotaStatus, ...]
    accelerators: tuple[AcceleratorStatus, ...]
    queue: QueueStatus | None
    identities: tuple[IdentityStatus, ...]
    scalers: tuple[ScalerStatus, ...]

    def as_dict(self) -> dict[str, Any]:
        """Its JSON shape. The drift has only objects that differ."""
        drifted = self.drift.of(
            ObjectAction.CREATE, ObjectAction.CHANGE, ObjectAction.EXTRA, ObjectAction.REFUSED
        )
        return {
            "name": self.name,
            "cluster": self.cluster,
            "health": self.health.value,
            "reasons": list(self.reasons),
            "namespace": self.namespace.as_dict(),
            "flux": [each.as_dict() for each in self.flux],
            "drift": [change.as_dict() for change in drifted],
            "quotas": [each.as_dict() for each in self.quotas],
            "accelerators": [each.as_dict() for each in self.accelerators],
            "queue": None if self.queue is None else self.queue.as_dict(),
            "identities": [each.as_dict() for each in self.identities],
            "scalers": [each.as_dict() for each in self.scalers],
        }


@dataclass(frozen=True, slots=True)
class WorkloadStatus:
    """One workload on one cluster. ``reasons`` say why its health is not ok, worst first.

    Its Kustomization waits until what it applied is ready, so its readiness is the workload's.
    """

    name: str
    """Its name with its tenant's: ``vision/chat``."""
    cluster: str
    health: Health
    reasons: tuple[str, ...]
    flux: tuple[FluxStatus, ...]
    drift: ClusterChangeSet

    def as_dict(self) -> dict[str, Any]:
        """Its JSON shape. The drift has only objects that differ."""
        drifted = self.drift.of(
            ObjectAction.CREATE, ObjectAction.CHANGE, ObjectAction.EXTRA, ObjectAction.REFUSED
        )
        return {
            "name": self.name,
            "cluster": self.cluster,
            "health": self.health.value,
            "reasons": list(self.reasons),
            "flux": [each.as_dict() for each in self.flux],
            "drift": [change.as_dict() for change in drifted],
        }


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """The tenants and workloads of a cluster, and Flux's own roots there, on which all of them stand."""

    name: str
    flux: tuple[FluxStatus, ...]
    tenants: tuple[TenantStatus, ...]
    workloads: tuple[WorkloadStatus, ...] = ()

    @property
    def parts(self) -> tuple[TenantStatus | WorkloadStatus, ...]:
        """The tenants, then the workloads."""
        return (*self.tenants, *self.workloads)

    @property
    def fine(self) -> bool:
        """Whether all is well."""
        return all(part.health is Health.OK for part in self.parts)

    def as_dict(self) -> dict[str, Any]:
        """Its JSON shape."""
        return {
            "name": self.name,
            "fine": self.fine,
            "flux": [each.as_dict() for each in self.flux],
            "tenants": [tenant.as_dict() for tenant in self.tenants],
            "workloads": [workload.as_dict() for workload in self.workloads],
        }
