"""The pools of a cluster, each with its own id: the same accelerator may be there more than once, such as whole and shared."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.spec.fleet_spec import AcceleratorPool

__all__ = ["pool_ids", "pool_name", "pools_by_id"]


def pool_name(given: str | None, allocation: str, *, shared: bool) -> str:
    """The name by which a request picks a pool among those of the same profile: its own, or what it is."""
    return given or ("dra" if allocation == "dra" else "shared" if shared else "whole")


def pool_ids(pools: Sequence[AcceleratorPool]) -> tuple[str, ...]:
    """The id of each pool: its profile; ``<profile>@<name>`` where the cluster has several of that profile."""
    several = Counter(pool.profile for pool in pools)
    return tuple(
        pool.profile
        if several[pool.profile] == 1
        else f"{pool.profile}@{pool_name(pool.name, pool.allocation, shared=pool.sharing is not None)}"
        for pool in pools
    )


def pools_by_id(pools: Sequence[AcceleratorPool]) -> dict[str, AcceleratorPool]:
    """The pools by their ids, in the fleet's order."""
    return dict(zip(pool_ids(pools), pools, strict=True))
