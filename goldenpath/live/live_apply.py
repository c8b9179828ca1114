"""Applies a request to its clusters: compares first, applies in order, and waits until the objects are ready."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from goldenpath import cluster as kubernetes
from goldenpath.cluster import ObjectRef, ReadinessState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.cluster import Change, ClusterChangeSet, ClusterClient, Readiness
    from goldenpath.live.desired_objects import DesiredObjects

__all__ = ["ApplyProgress", "LiveApply", "apply"]


class ApplyProgress:
    """Receives progress from worker threads. The default ignores it."""

    def compared(self, cluster: str, change: Change) -> None:
        """Receive a compared object."""

    def applied(self, cluster: str, change: Change) -> None:
        """Receive an object that was applied or refused."""

    def ready(self, cluster: str, ref: ObjectRef, readiness: Readiness) -> None:
        """Receive an object that is ready."""


@dataclass(frozen=True, slots=True)
class LiveApply:
    """The changes by cluster, and after a wait the objects that are not ready."""

    name: str
    clusters: Mapping[str, ClusterChangeSet]
    unready: Mapping[str, Mapping[ObjectRef, Readiness]] = field(default_factory=dict)
    applied: bool = False
    """Whether the objects are on every cluster. If not, the changes give the reason. False for a dry run."""

    @property
    def fine(self) -> bool:
        """Whether no object was refused, no field belongs to another manager, and all objects are ready."""
        refused = any(changes.refused for changes in self.clusters.values())
        conflicts = not self.applied and any(changes.conflicts for changes in self.clusters.values())
        return not refused and not conflicts and not any(self.unready.values())

    def as_dict(self) -> dict[str, Any]:
        return {
            "format": "live-apply/v1",
            "name": self.name,
            "applied": self.applied,
            "fine": self.fine,
            "clusters": {
                name: {
                    **changes.as_dict(),
                    "unready": [
                        {"object": ref.as_dict(), **readiness.as_dict()}
                        for ref, readiness in self.unready.get(name, {}).items()
                    ],
                }
                for name, changes in self.clusters.items()
            },
        }


def apply(
    desired: DesiredObjects,
    clusters: Mapping[str, ClusterClient],
    *,
    force_conflicts: bool = False,
    dry_run: bool = False,
    wait: float | None = 300.0,
    listener: ApplyProgress | None = None,
) -> LiveApply:
    """Apply the desired objects to each cluster. Objects that are no longer rendered stay; retiring removes them.

    All clusters are compared before any is changed, so that a refusal on one leaves all unchanged.

    Args:
        desired: the desired objects. The caller has checked ``desired.errors``.
        clusters: a connection to each cluster.
        force_conflicts: take over fields that other managers have set to other values.
        dry_run: only compare.
        wait: seconds to wait on each cluster until all objects are ready; None does not wait.
        listener: receives the progress.

    Raises:
        ClusterUnavailableError: an API server does not answer. Another apply continues from there.
        ClusterError: the user may not read a cluster's kinds or namespaces.
    """
    progress = listener or ApplyProgress()
    compared: dict[str, ClusterChangeSet] = {}
    for name, objects in desired.objects.items():
        compared[name] = kubernetes.apply(
            clusters[name],
            objects,
            dry_run=True,
            compared=partial(progress.compared, name),
        )
    stops = any(
        changes.refused or (changes.conflicts and not force_conflicts) for changes in compared.values()
    )
    if dry_run or stops:
        return LiveApply(desired.name, compared)
    done: dict[str, ClusterChangeSet] = {}
    for name, objects in desired.objects.items():
        done[name] = kubernetes.apply(
            clusters[name],
            objects,
            plan=compared[name],
            force_conflicts=force_conflicts,
            done=partial(progress.applied, name),
        )
        if done[name].refused:
            return LiveApply(desired.name, {**compared, **done})
    unready = {} if wait is None else _unready(desired, clusters, wait, progress)
    return LiveApply(desired.name, done, unready, applied=True)


def _unready(
    desired: DesiredObjects, clusters: Mapping[str, ClusterClient], seconds: float, progress: ApplyProgress
) -> dict[str, dict[ObjectRef, Readiness]]:
    found = {}
    for name, objects in desired.objects.items():
        states = kubernetes.wait(
            clusters[name],
            objects,
            timeout=seconds,
            done=partial(progress.ready, name),
        )
        found[name] = {ref: state for ref, state in states.items() if state.state is not ReadinessState.READY}
    return found
