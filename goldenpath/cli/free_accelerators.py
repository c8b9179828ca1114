"""Finds quotas of a new request that exceed the free accelerators."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from goldenpath.errors import Problem
from goldenpath.spec.fleet_rules import ownable
from goldenpath.spec.pools import pools_by_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from goldenpath.describe.choices import Free, Left
    from goldenpath.spec.fleet_spec import FleetSpec

__all__ = ["FreeAccelerators"]


@dataclass(frozen=True)
class FreeAccelerators:
    """The free accelerators according to the locks of the fleet repository.

    Attributes:
        fleet: the fleet.
        free: the accelerators that no tenant owns, by cluster and accelerator.
        owned: the accelerators that a tenant owns and may keep, by tenant, cluster and accelerator.
        left: the part of a tenant's quota that its workloads do not use, by tenant.
    """

    fleet: FleetSpec
    free: Free
    owned: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    left: Left = field(default_factory=dict)

    def problems(self, document: Mapping[str, Any], clusters: Sequence[str]) -> Iterator[Problem]:
        """The problems of quotas in a request for these clusters that exceed the free accelerators."""
        gpus = document.get("gpus")
        for index, gpu in enumerate(gpus if isinstance(gpus, list) else ()):
            quota = gpu.get("quota") if isinstance(gpu, dict) else None
            if not isinstance(quota, int) or not isinstance(gpu.get("profile"), str):
                continue
            where = gpu.get("clusters") or clusters
            left = {
                name: number
                for name in where
                if (number := self._left(name, gpu, str(document.get("name")))) is not None
            }
            if left and quota > (least := min(left.values())):
                cluster = min(left, key=left.__getitem__)
                count = f"{least} of {gpu['profile']}" if least else f"no {gpu['profile']}"
                advice = "" if least else ": choose another cluster, or own 0 and borrow"
                message = f"exceeds the free accelerators: {cluster} has {count} left{advice}"
                yield Problem(
                    f"gpus[{index}].quota", "capacity", message, quota, str(least) if least else None
                )

    def _left(self, cluster: str, gpu: Mapping[str, Any], tenant: str) -> int | None:
        """The number of an accelerator that the tenant could own on a cluster; None if the cluster has no such pool."""
        described = self.fleet.clusters.get(cluster)
        pools = {} if described is None else pools_by_id(described.accelerators)
        wanted = gpu["profile"] if gpu.get("pool") is None else f"{gpu['profile']}@{gpu['pool']}"
        if wanted not in pools:
            return None
        free = self.free.get((cluster, wanted), ownable(pools[wanted]))
        return max(free, 0) + self.owned.get((tenant, cluster, wanted), 0)
