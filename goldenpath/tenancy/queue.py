"""The quotas of a tenant as Kueue has them: groups of resources, each with its flavors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.tenancy.tenant_accelerators import Grant, Pool

__all__ = ["COHORT", "GENERAL_FLAVOR", "FlavorQuota", "ResourceGroup", "accelerator_groups", "lent_groups"]

COHORT: Final = "tenants"
"""The only Cohort of a cluster. Its tenants may borrow what others leave idle."""

GENERAL_FLAVOR: Final = "general"
"""The flavor of CPU and memory. It has no labels, so it matches every node."""


@dataclass(frozen=True, slots=True)
class FlavorQuota:
    """How much of one resource a tenant has in one flavor."""

    flavor: str
    nominal: int
    borrow: int


@dataclass(frozen=True, slots=True)
class ResourceGroup:
    """One resource and its flavors. Kueue allows a resource in one group only."""

    resource: str
    flavors: tuple[FlavorQuota, ...]


def accelerator_groups(grants: Iterable[Grant]) -> tuple[ResourceGroup, ...]:
    """Return one group for each resource name, with a flavor for each model that has this resource name."""
    return _groups(
        (grant.pool.resource, FlavorQuota(grant.pool.name, grant.quota, grant.borrow)) for grant in grants
    )


def lent_groups(pools: Iterable[Pool]) -> tuple[ResourceGroup, ...]:
    """Return the groups of the accelerators that no tenant owns, which the Cohort lends."""
    return _groups((pool.resource, FlavorQuota(pool.name, pool.lend, 0)) for pool in pools if pool.lend)


def _groups(quotas: Iterable[tuple[str, FlavorQuota]]) -> tuple[ResourceGroup, ...]:
    by_resource: dict[str, list[FlavorQuota]] = {}
    for resource, quota in quotas:
        by_resource.setdefault(resource, []).append(quota)
    return tuple(ResourceGroup(resource, tuple(flavors)) for resource, flavors in sorted(by_resource.items()))
