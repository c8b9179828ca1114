"""Which clusters a request means: by name, or by region and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.spec.tenant import Tenant

__all__ = ["clusters_of", "select_clusters"]


def select_clusters(fleet: FleetSpec, regions: Iterable[str], labels: Mapping[str, str]) -> tuple[str, ...]:
    """Names, in the fleet's order, of the clusters in any of the regions and with all of the labels."""
    wanted = frozenset(regions)
    return tuple(
        name
        for name, cluster in fleet.clusters.items()
        if (not wanted or cluster.region in wanted)
        and all(cluster.labels.get(key) == value for key, value in labels.items())
    )


def clusters_of(tenant: Tenant, fleet: FleetSpec) -> tuple[str, ...]:
    """The clusters of a request that was accepted for this fleet, in the request's or the fleet's order."""
    if tenant.clusters is not None:
        return tenant.clusters
    if tenant.placement is None:
        return ()
    return select_clusters(fleet, tenant.placement.regions, tenant.placement.labels)
