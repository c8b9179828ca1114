"""Effects on a cluster of a change of an object, from what its API states.

From the manifests alone: whether a quota is below its use, or a queue has something to evict, only a cluster knows. The
reasons say so.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.edits.immutable_fields import ImmutableFields, value_of
from goldenpath.errors import MISSING
from goldenpath.kubeyaml import same
from goldenpath.spec.types import quantity_value

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Effect", "Effects", "ObjectEffect"]


class Effect(enum.StrEnum):
    """What happens to the object and to what runs with it, from the least to the most."""

    NONE = "none"
    METADATA = "metadata"
    """Labels or annotations alone."""
    IN_PLACE = "in place"
    """The API server takes the new fields; no Pod ends."""
    RESTART = "restart"
    """Pods are replaced, or may be evicted."""
    REPLACE = "replace"
    """A field cannot be changed: the object must be deleted and made again."""
    LOSS = "loss"
    """Something goes that a commit does not bring back: data, a namespace, a running workload."""

    @property
    def rank(self) -> int:
        """Its place in the order, from 0."""
        return list(Effect).index(self)


@dataclass(frozen=True, slots=True)
class ObjectEffect:
    """The effect of a change of one object, with its reasons; ``rolls_back`` where a new commit with the old object undoes it."""

    effect: Effect
    reasons: tuple[str, ...] = ()
    rolls_back: bool = True


_RESTARTING: Final = {
    "Deployment": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "LeaderWorkerSet": ("spec", "leaderWorkerTemplate"),
    "RayCluster": ("spec", "workerGroupSpecs"),
    "RayService": ("spec", "rayClusterConfig"),
}
"""Where the Pod template of a controller is that replaces its Pods when the template changes."""
_RUNS: Final = frozenset(
    {*_RESTARTING, "Pod", "ReplicaSet", "Job", "CronJob", "JobSet", "RayJob", "TrainJob"}
)
_HOLDS_DATA: Final = {
    "Namespace": "everything in the namespace is deleted with it",
    "PersistentVolumeClaim": "the volume's data may be deleted with it",
    "PersistentVolume": "the volume's data may be deleted with it",
    "CustomResourceDefinition": "every object of the kind is deleted with it",
    "Secret": "its values are not in Git",
}


class Effects:
    """Tells the effect of changes of objects. It remembers the immutable fields of each kind."""

    def __init__(self, immutable: ImmutableFields | None = None) -> None:
        self._immutable = immutable or ImmutableFields()

    def of(self, before: dict[str, Any] | None, after: dict[str, Any] | None) -> ObjectEffect:
        """The effect of a change.

        Args:
            before: the object as it is; None where it is new.
            after: the object as it will be; None where it goes.
        """
        if before is None:
            return ObjectEffect(Effect.NONE if after is None else Effect.IN_PLACE, ("it is new",))
        if after is None:
            return _removed(str(before.get("kind", "")))
        if same(before, after):
            return ObjectEffect(Effect.NONE)
        found = [*self._changed(before, after)]
        worst = max((each.effect for each in found), key=lambda effect: effect.rank)
        reasons = tuple(dict.fromkeys(reason for each in found for reason in each.reasons))
        return ObjectEffect(worst, reasons, all(each.rolls_back for each in found))

    def _changed(self, before: dict[str, Any], after: dict[str, Any]) -> Iterator[ObjectEffect]:
        kind = str(after.get("kind", ""))
        yield ObjectEffect(Effect.METADATA if _only_metadata(before, after) else Effect.IN_PLACE)
        for field in self._immutable.changed(before, after):
            holds = kind in _HOLDS_DATA or kind == "StatefulSet"
            reason = f"{field} cannot be changed: the object must be deleted and made again"
            yield ObjectEffect(Effect.LOSS if holds else Effect.REPLACE, (reason,), rolls_back=False)
        template = _RESTARTING.get(kind)
        if template and not same(value_of(before, template), value_of(after, template)):
            if value_of(after, ("spec", "updateStrategy", "type")) == "OnDelete":
                yield ObjectEffect(Effect.IN_PLACE, ("Pods take the new template when they are deleted",))
            else:
                yield ObjectEffect(Effect.RESTART, ("the Pod template changes",))
        yield from _of_kind(kind, before, after)


def _removed(kind: str) -> ObjectEffect:
    if kind in _HOLDS_DATA:
        return ObjectEffect(Effect.LOSS, (_HOLDS_DATA[kind],), rolls_back=False)
    if kind in _RUNS:
        return ObjectEffect(Effect.LOSS, ("what it runs ends",))
    return ObjectEffect(Effect.IN_PLACE, ("it goes",))


def _only_metadata(before: dict[str, Any], after: dict[str, Any]) -> bool:
    # Admission reads the labels of a Namespace: that they change is more than metadata.
    plain = {"metadata": None}
    return before.get("kind") != "Namespace" and same(before | plain, after | plain)


def _of_kind(kind: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[ObjectEffect]:
    if kind == "ResourceQuota":
        for key in _lowered(value_of(before, ("spec", "hard")), value_of(after, ("spec", "hard"))):
            reason = f"{key} is lower: Pods that run stay, and new ones are refused while use is above it"
            yield ObjectEffect(Effect.IN_PLACE, (reason,))
    if kind in {"ClusterQueue", "Cohort"}:
        old, new = _nominal(before), _nominal(after)
        for place in _lowered(old, new):
            reason = f"the quota of {place} is lower: Kueue may evict workloads that use more"
            yield ObjectEffect(Effect.RESTART, (reason,))
    if kind == "PersistentVolumeClaim":
        way = ("spec", "resources", "requests", "storage")
        old_size, new_size = value_of(before, way), value_of(after, way)
        if old_size is not MISSING and not same(old_size, new_size):
            reason = "a volume grows and never shrinks"
            yield ObjectEffect(Effect.IN_PLACE, (reason,), rolls_back=False)
    if kind == "Namespace" and not same(before.get("metadata"), after.get("metadata")):
        yield ObjectEffect(Effect.IN_PLACE, ("admission reads the namespace's labels",))


def _lowered(before: Any, after: Any) -> Iterator[str]:
    """Keys whose quantity is lower than before, or newly limited."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return
    for key, value in after.items():
        if key not in before or _number(value) < _number(before[key]):
            yield str(key)


def _number(value: Any) -> float:
    try:
        return float(quantity_value(str(value)))
    except (TypeError, ValueError):
        return 0.0


def _nominal(queue: dict[str, Any]) -> dict[str, Any]:
    """By flavor and resource, the nominal quota of a queue; a resource that is not there yet takes nothing away."""
    found: dict[str, Any] = {}
    groups = value_of(queue, ("spec", "resourceGroups"))
    for group in groups if isinstance(groups, list) else ():
        for flavor in group.get("flavors") or ():
            for resource in flavor.get("resources") or ():
                found[f"{resource.get('name')} in {flavor.get('name')}"] = resource.get("nominalQuota", 0)
    return found
