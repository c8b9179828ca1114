"""A request against its clusters: what applying it would change, and what is there that it no longer asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from goldenpath import cluster as kubernetes
from goldenpath.cluster import ClusterChangeSet, ObjectAction
from goldenpath.live.stale_objects import extras

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from goldenpath.cluster import Change, ClusterClient
    from goldenpath.live.desired_objects import DesiredObjects

__all__ = ["LiveDiff", "diff"]


@dataclass(frozen=True, slots=True)
class LiveDiff:
    """What would change, by cluster."""

    name: str
    clusters: Mapping[str, ClusterChangeSet]

    @property
    def differs(self) -> bool:
        """Whether a cluster is not as it was asked for."""
        return any(changes.differs for changes in self.clusters.values())

    @property
    def refused(self) -> bool:
        """Whether a cluster would not take an object."""
        return any(changes.refused for changes in self.clusters.values())

    def as_dict(self) -> dict[str, Any]:
        """Its JSON shape."""
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
    """Compare what ought to be on each cluster with what is. Changes nothing.

    Args:
        desired: what ought to be there.
        clusters: a connection to each of its clusters.
        done: receives the cluster's name and each change as it is found, from another thread.

    Raises:
        ClusterUnavailableError: an API server does not answer.
        ClusterError: the user may not even ask.

    """
    found = {}
    for name, objects in desired.objects.items():
        report = None if done is None else partial(done, name)
        changes = kubernetes.diff(clusters[name], objects, done=report)
        left = extras(clusters[name], objects, desired.selector)
        found[name] = ClusterChangeSet(
            (*changes.changes, *(kubernetes.Change(ref, ObjectAction.EXTRA) for ref in left))
        )
    return LiveDiff(desired.name, found)
