"""Drift of a fleet: every object on a cluster that differs from the repository, with its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.cluster import drift
from goldenpath.live.status import status
from goldenpath.manifests import Manifests, RenderedFile
from goldenpath.spec.ref import Ref
from goldenpath.tenancy.registry_reading import as_applied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.cluster import Change, ClusterClient
    from goldenpath.fleet import Fleet
    from goldenpath.live.published_tenants import PublishedTenants
    from goldenpath.manifests import ManifestObject

__all__ = ["DriftedObject", "FleetDrift", "fleet_drift", "platform_objects"]


@dataclass(frozen=True, slots=True)
class DriftedObject:
    """One object that differs from the repository."""

    cluster: str
    owner: Ref
    change: Change

    def as_dict(self) -> dict[str, Any]:
        change = self.change
        return {
            "cluster": self.cluster,
            "kind": self.owner.subject.value,
            "owner": self.owner.path,
            "object": str(change.object),
            "action": change.action.value,
            "file": change.file,
            "fields": [field.as_dict() for field in change.fields],
            "message": change.message,
        }


@dataclass(frozen=True, slots=True)
class FleetDrift:
    """The differences between clusters and one commit of the repository."""

    commit: str | None
    differences: tuple[DriftedObject, ...]
    looked_at: tuple[tuple[str, Ref], ...] = ()
    """The platforms, tenants and workloads that were compared, each with its cluster."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data of the format ``fleet-drift/v1``."""
        return {
            "format": "fleet-drift/v1",
            "commit": self.commit,
            "differences": [each.as_dict() for each in self.differences],
        }


def fleet_drift(
    found: PublishedTenants,
    connected: Mapping[str, ClusterClient],
    platforms: Mapping[str, tuple[ManifestObject, ...]] | None = None,
) -> FleetDrift:
    """Compare clusters with the repository, without a change.

    Args:
        found: tenants and workloads of one commit.
        connected: a connection to each cluster.
        platforms: the platform's objects in the repository, by cluster; without them, platforms are not compared.

    Raises:
        ClusterUnavailableError: a server does not answer.
        ClusterError: the user may not read one of the kinds.
    """
    parts = list(_compare(found, connected, platforms or {}))
    differences = (
        DriftedObject(cluster, owner, change) for cluster, owner, changes in parts for change in changes
    )
    return FleetDrift(
        found.commit, tuple(differences), tuple((cluster, owner) for cluster, owner, _ in parts)
    )


def platform_objects(fleet: Fleet) -> dict[str, tuple[ManifestObject, ...]]:
    """Return the platform's objects in the repository, by cluster.

    Raises:
        InputError: the repository has no fleet, or the fleet has problems.
        RepositoryError: the repository cannot be read.
    """
    state = fleet.state()
    found: dict[str, tuple[ManifestObject, ...]] = {}
    for cluster in state.context.spec.clusters:
        entries = state.tree.platform(cluster)
        files = {path: entry.id for path, entry in entries.items() if path.endswith(".yaml")}
        texts = dict(state.tree.reader.blobs(set(files.values())))
        rendered = tuple(RenderedFile(path, texts[id_].decode()) for path, id_ in files.items())
        from_registry = state.context.spec.delivery is not None
        found[cluster] = as_applied(Manifests(rendered).objects(), cluster, from_registry=from_registry)
    return found


def _compare(
    found: PublishedTenants,
    connected: Mapping[str, ClusterClient],
    platforms: Mapping[str, tuple[ManifestObject, ...]],
) -> Iterator[tuple[str, Ref, tuple[Change, ...]]]:
    """Yield each platform, tenant and workload on a cluster, with its drift."""
    for name, cluster in connected.items():
        if objects := platforms.get(name):
            yield name, Ref.of_platform(name), drift(cluster, objects, {}).drifted
        for part in status(name, found.expected.get(name, ()), cluster).parts:
            yield name, Ref.parse(part.name), part.drift.drifted
