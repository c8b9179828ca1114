"""The status of a tenant or workload as values. ``as_dict`` of each is its JSON shape (docs/tasks/see-the-state.md)."""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

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
    """The health, best first."""

    OK = "ok"
    PROGRESSING = "progressing"
    DEGRADED = "degraded"
    MISSING = "missing"
    """The tenant's namespace does not exist."""


@dataclass(frozen=True, slots=True)
class FluxStatus:
    """A Kustomization or a source. ``revision`` is the one that it applied or fetched last."""

    object: ObjectRef
    readiness: Readiness
    revision: str = ""
    suspended: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {
            "object": self.object.as_dict(),
            **self.readiness.as_dict(),
            "revision": self.revision,
            "suspended": self.suspended,
        }


@dataclass(frozen=True, slots=True)
class QuotaStatus:
    """One resource of a ResourceQuota, as Kubernetes quantities; ``asked`` is the limit in the repository, if any."""

    quota: str
    resource: str
    used: str
    hard: str
    asked: str | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class AcceleratorStatus:
    """A tenant's share of an accelerator, in devices or slices.

    ``used`` is None if it is unknown: without a queue, two models with one resource name are counted together.
    """

    profile: str
    resource: str
    quota: int
    borrow: int
    used: int | None
    borrowed: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """The ClusterQueue, with the numbers of pending and admitted Workloads."""

    name: str
    readiness: Readiness
    pending: int
    admitted: int
    stopped: bool

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            **self.readiness.as_dict(),
            "pending": self.pending,
            "admitted": self.admitted,
            "stopped": self.stopped,
        }


@dataclass(frozen=True, slots=True)
class IdentityStatus:
    """A service account's SPIFFE identity: the selected Pods, the requested entries, and the failed entries.

    The counts are None if the SPIRE controller manager has not reported.
    """

    service_account: str
    spiffe_id: str
    present: bool
    pods: int | None
    entries: int | None
    failures: int | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ScalerStatus:
    """A ScaledObject or ScaledJob; ``fallback`` is true if its metrics cannot be read."""

    object: ObjectRef
    readiness: Readiness
    active: bool
    fallback: bool
    paused: bool

    def as_dict(self) -> dict[str, Any]:
        return {
            "object": self.object.as_dict(),
            **self.readiness.as_dict(),
            "active": self.active,
            "fallback": self.fallback,
            "paused": self.paused,
        }


@dataclass(frozen=True, slots=True)
class TenantStatus:
    """One tenant on one cluster. ``reasons`` explain why its health is not ok, worst first."""

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
        return {
            "name": self.name,
            "cluster": self.cluster,
            "health": self.health.value,
            "reasons": list(self.reasons),
            "namespace": self.namespace.as_dict(),
            "flux": [each.as_dict() for each in self.flux],
            "drift": [change.as_dict() for change in self.drift.drifted],
            "quotas": [each.as_dict() for each in self.quotas],
            "accelerators": [each.as_dict() for each in self.accelerators],
            "queue": None if self.queue is None else self.queue.as_dict(),
            "identities": [each.as_dict() for each in self.identities],
            "scalers": [each.as_dict() for each in self.scalers],
        }


@dataclass(frozen=True, slots=True)
class WorkloadStatus:
    """One workload on one cluster. ``reasons`` explain why its health is not ok, worst first.

    Its Kustomization waits until the applied objects are ready, so its readiness is the workload's.
    """

    name: str
    """The workload's name with its tenant's: ``vision/chat``."""
    cluster: str
    health: Health
    reasons: tuple[str, ...]
    flux: tuple[FluxStatus, ...]
    drift: ClusterChangeSet

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "cluster": self.cluster,
            "health": self.health.value,
            "reasons": list(self.reasons),
            "flux": [each.as_dict() for each in self.flux],
            "drift": [change.as_dict() for change in self.drift.drifted],
        }


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """The tenants and workloads of a cluster, and Flux's root objects, which all of them depend on."""

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
        """Whether all tenants and workloads are healthy."""
        return all(part.health is Health.OK for part in self.parts)

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "fine": self.fine,
            "flux": [each.as_dict() for each in self.flux],
            "tenants": [tenant.as_dict() for tenant in self.tenants],
            "workloads": [workload.as_dict() for workload in self.workloads],
        }
