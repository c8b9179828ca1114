"""Effects that a change of an object has on a cluster, derived from the rules of its API.

The manifests alone do not show whether a quota is below its use, or whether a queue has a workload to evict. In such
cases the reason says "may".
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
    """The effect on the object and its Pods, from the smallest to the largest."""

    NONE = "none"
    METADATA = "metadata"
    """Only labels or annotations change."""
    IN_PLACE = "in place"
    """The API server accepts the new fields, and no Pod ends."""
    RESTART = "restart"
    """Pods are replaced, or may be evicted."""
    REPLACE = "replace"
    """A field is immutable: the object must be deleted and created again."""
    LOSS = "loss"
    """Data, a namespace or a running workload is lost, which a commit does not restore."""

    @property
    def rank(self) -> int:
        """Position in the order of effects, from 0."""
        return list(Effect).index(self)


@dataclass(frozen=True, slots=True)
class ObjectEffect:
    """The effect of a change of one object, with its reasons.

    ``rolls_back`` is true where a commit with the old object undoes the effect.
    """

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
"""Path of the Pod template, for controllers that replace their Pods when the template changes."""
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
    """Finds the effects of changes of objects, and caches the immutable fields of each kind."""

    def __init__(self, immutable: ImmutableFields | None = None) -> None:
        self._immutable = immutable or ImmutableFields()

    def of(self, before: dict[str, Any] | None, after: dict[str, Any] | None) -> ObjectEffect:
        """Return the effect of a change. ``before`` is None for a new object, and ``after`` for a removed one."""
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
            reason = f"{field} is immutable: the object must be deleted and created again"
            yield ObjectEffect(Effect.LOSS if holds else Effect.REPLACE, (reason,), rolls_back=False)
        template = _RESTARTING.get(kind)
        if template and not same(value_of(before, template), value_of(after, template)):
            if value_of(after, ("spec", "updateStrategy", "type")) == "OnDelete":
                yield ObjectEffect(Effect.IN_PLACE, ("Pods get the new template when they are deleted",))
            else:
                yield ObjectEffect(Effect.RESTART, ("the Pod template changes",))
        yield from _effects_of_kind(kind, before, after)


def _removed(kind: str) -> ObjectEffect:
    if kind in _HOLDS_DATA:
        return ObjectEffect(Effect.LOSS, (_HOLDS_DATA[kind],), rolls_back=False)
    if kind in _RUNS:
        return ObjectEffect(Effect.LOSS, ("its Pods end",))
    return ObjectEffect(Effect.IN_PLACE, ("it is removed",))


def _only_metadata(before: dict[str, Any], after: dict[str, Any]) -> bool:
    # Admission reads the labels of a Namespace, so a changed label has effects beyond metadata.
    plain = {"metadata": None}
    return before.get("kind") != "Namespace" and same(before | plain, after | plain)


def _effects_of_kind(kind: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[ObjectEffect]:
    if kind == "ResourceQuota":
        for key in _lowered(value_of(before, ("spec", "hard")), value_of(after, ("spec", "hard"))):
            reason = f"{key} is lower: running Pods stay, and new ones are refused while the use is above it"
            yield ObjectEffect(Effect.IN_PLACE, (reason,))
    if kind in {"ClusterQueue", "Cohort"}:
        old, new = _nominal(before), _nominal(after)
        for place in _lowered(old, new):
            reason = f"the quota of {place} is lower: Kueue may evict workloads that use more"
            yield ObjectEffect(Effect.RESTART, (reason,))
    if kind == "PersistentVolumeClaim":
        size = ("spec", "resources", "requests", "storage")
        old_size, new_size = value_of(before, size), value_of(after, size)
        if old_size is not MISSING and not same(old_size, new_size):
            reason = "a volume can grow and cannot shrink"
            yield ObjectEffect(Effect.IN_PLACE, (reason,), rolls_back=False)
    if kind == "Namespace" and not same(before.get("metadata"), after.get("metadata")):
        yield ObjectEffect(Effect.IN_PLACE, ("admission reads the namespace's labels",))


def _lowered(before: Any, after: Any) -> Iterator[str]:
    """Yield the keys whose quantity is lower than before, or that had no limit before."""
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
    """Return the nominal quotas of a queue by resource and flavor."""
    found: dict[str, Any] = {}
    groups = value_of(queue, ("spec", "resourceGroups"))
    for group in groups if isinstance(groups, list) else ():
        for flavor in group.get("flavors") or ():
            for resource in flavor.get("resources") or ():
                found[f"{resource.get('name')} in {flavor.get('name')}"] = resource.get("nominalQuota", 0)
    return found
