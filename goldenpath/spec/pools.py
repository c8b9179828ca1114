"""Ids of a cluster's accelerator pools. One accelerator may have several pools, such as whole and shared devices."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.spec.cluster_spec import AcceleratorPool

__all__ = ["pool_ids", "pool_name", "pools_by_id"]


def pool_name(given: str | None, allocation: str, *, shared: bool) -> str:
    """Return the given name of a pool, or the name of its kind. A request picks one of several pools by this name."""
    return given or ("dra" if allocation == "dra" else "shared" if shared else "whole")


def pool_ids(pools: Sequence[AcceleratorPool]) -> tuple[str, ...]:
    """Return the id of each pool: its profile, or ``<profile>@<name>`` where the cluster has several of that profile."""
    several = Counter(pool.profile for pool in pools)
    return tuple(
        pool.profile
        if several[pool.profile] == 1
        else f"{pool.profile}@{pool_name(pool.name, pool.allocation, shared=pool.sharing is not None)}"
        for pool in pools
    )


def pools_by_id(pools: Sequence[AcceleratorPool]) -> dict[str, AcceleratorPool]:
    return dict(zip(pool_ids(pools), pools, strict=True))
