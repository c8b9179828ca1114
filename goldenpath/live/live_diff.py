"""Compares a request with its clusters: the changes of an apply, and objects that are no longer rendered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from goldenpath import cluster as kubernetes
from goldenpath.cluster import ClusterChangeSet, ObjectAction
from goldenpath.live.stale_objects import stale_objects

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from goldenpath.cluster import Change, ClusterClient
    from goldenpath.live.desired_objects import DesiredObjects

__all__ = ["LiveDiff", "diff"]


@dataclass(frozen=True, slots=True)
class LiveDiff:
    """The differences, by cluster."""

    name: str
    clusters: Mapping[str, ClusterChangeSet]

    @property
    def differs(self) -> bool:
        """Whether a cluster differs from the desired objects."""
        return any(changes.differs for changes in self.clusters.values())

    @property
    def refused(self) -> bool:
        """Whether an API server refuses an object."""
        return any(changes.refused for changes in self.clusters.values())

    def as_dict(self) -> dict[str, Any]:
        return {
            "format": "live-diff/v1",
            "name": self.name,
            "differs": self.differs,
            "refused": self.refused,
            "clusters": {name: changes.as_dict() for name, changes in self.clusters.items()},
        }


def diff(
    desired: DesiredObjects,
    clusters: Mapping[str, ClusterClient],
    *,
    done: Callable[[str, Change], None] | None = None,
) -> LiveDiff:
    """Compare the desired objects with each cluster, without a change.

    Args:
        desired: the desired objects.
        clusters: a connection to each cluster.
        done: receives the cluster's name and each change, from another thread.

    Raises:
        ClusterUnavailableError: an API server does not answer.
        ClusterError: the user may not read a cluster's kinds or namespaces.
    """
    found = {}
    for name, objects in desired.objects.items():
        report = None if done is None else partial(done, name)
        changes = kubernetes.diff(clusters[name], objects, done=report)
        stale = stale_objects(clusters[name], objects, desired.selector)
        found[name] = ClusterChangeSet(
            (*changes.changes, *(kubernetes.Change(ref, ObjectAction.EXTRA) for ref in stale))
        )
    return LiveDiff(desired.name, found)
