"""A request, applied to its clusters: checked first, in order, and waited for."""

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
        """An object was compared."""

    def applied(self, cluster: str, change: Change) -> None:
        """An object was applied, or was refused."""

    def ready(self, cluster: str, ref: ObjectRef, readiness: Readiness) -> None:
        """An object is what it was asked to be."""


@dataclass(frozen=True, slots=True)
class LiveApply:
    """What was done, by cluster; and what is not ready yet, where that was waited for."""

    name: str
    clusters: Mapping[str, ClusterChangeSet]
    unready: Mapping[str, Mapping[ObjectRef, Readiness]] = field(default_factory=dict)
    applied: bool = False
    """Whether it is on every cluster. Where not, the changes say why; a dry run never is."""

    @property
    def fine(self) -> bool:
        """Whether nothing was refused, nothing belongs to another, and everything is ready."""
        refused = any(changes.refused for changes in self.clusters.values())
        conflicts = not self.applied and any(changes.conflicts for changes in self.clusters.values())
        return not refused and not conflicts and not any(self.unready.values())

    def as_dict(self) -> dict[str, Any]:
        """Its JSON shape."""
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
    """Make each cluster have what ought to be there. What is no longer rendered stays: retiring removes it.

    Every cluster is compared before any is changed, so that a refusal on the last one changes none.

    Args:
        desired: what ought to be there. The caller has looked at ``desired.errors``.
        clusters: a connection to each of its clusters.
        force_conflicts: take over fields that other managers have set to something else.
        dry_run: only compare.
        wait: seconds until every object is ready, for each cluster; None does not wait.
        listener: receives the progress.

    Raises:
        ClusterUnavailableError: an API server does not answer. Applying again goes on where this ended.
        ClusterError: the user may not even ask.

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
