"""Who is in a fleet, and what there is to give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goldenpath.fleet.context import FleetContext
    from goldenpath.publish.promises import Promises

__all__ = ["Capacity", "FleetSummary", "TenantSummary", "summarize"]


@dataclass(frozen=True, slots=True)
class TenantSummary:
    """One tenant: ``gpus`` has, by cluster and accelerator, what it owns and what it may borrow."""

    name: str
    owner: str | None
    golden_path: str | None
    clusters: tuple[str, ...]
    gpus: dict[str, dict[str, tuple[int, int]]]
    is_published: bool
    """Whether the manifests follow from the request as it is now."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "name": self.name,
            "owner": self.owner,
            "golden_path": self.golden_path,
            "clusters": list(self.clusters),
            "gpus": {
                cluster: {
                    profile: {"quota": quota, "borrow": borrow} for profile, (quota, borrow) in each.items()
                }
                for cluster, each in self.gpus.items()
            },
            "published": self.is_published,
        }


@dataclass(frozen=True, slots=True)
class Capacity:
    """One accelerator of one cluster: how many there are, and how many tenants own."""

    cluster: str
    profile: str
    there: int
    owned: int
    borrowable: int
    """What tenants may borrow beyond what they own, all together: more than one can ever have at a time."""

    @property
    def free(self) -> int:
        """What nobody owns; below 0 where more was promised than is there."""
        return self.there - self.owned

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "cluster": self.cluster,
            "profile": self.profile,
            "there": self.there,
            "owned": self.owned,
            "free": self.free,
            "borrowable": self.borrowable,
        }


@dataclass(frozen=True, slots=True)
class FleetSummary:
    """The fleet in numbers."""

    organisation: str
    clusters: tuple[str, ...]
    tenants: tuple[TenantSummary, ...]
    capacity: tuple[Capacity, ...]
    retired: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "format": "fleet-summary/v1",
            "organisation": self.organisation,
            "clusters": list(self.clusters),
            "tenants": [tenant.as_dict() for tenant in self.tenants],
            "capacity": [each.as_dict() for each in self.capacity],
            "retired": list(self.retired),
        }


def summarize(context: FleetContext, promises: Promises) -> FleetSummary:
    """Every tenant, and every accelerator with what was promised of it."""
    everyone = tuple(promises)
    capacity = []
    for cluster, platform in context.pipeline.platforms.items():
        for pool in platform.pools:
            profile = pool.accelerator.id
            owned, borrow = promises.sums.get((cluster, profile), (0, 0))
            capacity.append(Capacity(cluster, profile, pool.count, owned, borrow))
    return FleetSummary(
        organisation=context.spec.organisation,
        clusters=tuple(context.spec.clusters),
        tenants=tuple(
            TenantSummary(
                name=each.name,
                owner=each.owner,
                golden_path=each.golden_path,
                clusters=tuple(each.clusters),
                gpus={cluster: dict(shares) for cluster, shares in each.clusters.items()},
                is_published=each.settled and each.golden_path is not None,
            )
            for each in everyone
            if not each.retired
        ),
        capacity=tuple(capacity),
        retired=tuple(each.name for each in everyone if each.retired),
    )
