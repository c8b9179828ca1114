"""The changed objects in changed files, each with its effect on the cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.edits.effects import Effect, Effects
from goldenpath.upgrades.object_edits import objects_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.edits.effects import ObjectEffect
    from goldenpath.repository.object_changes import FileChanges, ObjectId

__all__ = ["ChangedObject", "changed_objects", "worst_effect"]

_EFFECTS: Final = Effects()


@dataclass(frozen=True, slots=True)
class ChangedObject:
    """A changed object and its effect."""

    id: ObjectId
    effect: ObjectEffect

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "object": str(self.id),
            "cluster": self.id.cluster,
            "effect": self.effect.effect.value,
            "reasons": list(self.effect.reasons),
            "rolls_back": self.effect.rolls_back,
        }


def changed_objects(changes: FileChanges) -> Iterator[ChangedObject]:
    """Each changed object with its effect. Objects that only move to another file are left out."""
    before = objects_in((file.path, file.before) for file in changes.files if file.before is not None)
    after = objects_in((file.path, file.after) for file in changes.files if file.after is not None)
    for identity in (*before, *(each for each in after if each not in before)):
        effect = _EFFECTS.of(before.get(identity), after.get(identity))
        if effect.effect is not Effect.NONE:
            yield ChangedObject(identity, effect)


def worst_effect(objects: Iterable[ChangedObject]) -> Effect:
    """The worst effect of these changes."""
    effects = (changed.effect.effect for changed in objects)
    return max(effects, key=lambda effect: effect.rank, default=Effect.NONE)
