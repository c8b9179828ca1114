"""The clusters of a request: by name, or by region and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.spec.envelope import Envelope
    from goldenpath.spec.fleet_spec import FleetSpec

__all__ = ["clusters_of", "select_clusters"]


def select_clusters(fleet: FleetSpec, regions: Iterable[str], labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return the clusters in any of the regions and with all of the labels, in the fleet's order."""
    wanted = frozenset(regions)
    return tuple(
        name
        for name, cluster in fleet.clusters.items()
        if (not wanted or cluster.region in wanted)
        and all(cluster.labels.get(key) == value for key, value in labels.items())
    )


def clusters_of(request: Envelope, fleet: FleetSpec, within: Envelope | None = None) -> tuple[str, ...]:
    """Return the clusters of a request that was accepted for this fleet, in the request's or the fleet's order.

    For a workload, ``within`` is its tenant's request. A workload without clusters or placement is on all clusters of
    its tenant. A placement chooses among these clusters.
    """
    limits = None if within is None else clusters_of(within, fleet)
    if request.clusters is not None:
        chosen = request.clusters
    elif request.placement is not None:
        chosen = select_clusters(fleet, request.placement.regions, request.placement.labels)
    else:
        return limits or ()
    return chosen if limits is None else tuple(name for name in chosen if name in limits)
