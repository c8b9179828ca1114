"""The overrides that a request has already, held against a new version: one may hide what the new version changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from goldenpath.edits import EditAction, EditVerdict, JudgedEdit, ListKeys, judge
from goldenpath.errors import Problem
from goldenpath.render.overrides import overridden_body
from goldenpath.upgrades.object_edits import ObjectEdit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.spec.override import Override
    from goldenpath.upgrades.object_edits import Objects

__all__ = ["StandingEdit", "judge_overrides"]


@dataclass(frozen=True, slots=True)
class StandingEdit:
    """What an override of the request changes, judged against a new version."""

    index: int
    """Place of the override in the request."""
    edit: ObjectEdit
    is_kept: bool = False
    """Whether the person who asks for the upgrade keeps it, though the new version changes the field too."""

    @property
    def stops(self) -> bool:
        """Whether a person must decide before the upgrade goes on."""
        return self.edit.verdict.stops and not self.is_kept

    @property
    def problem(self) -> Problem:
        """Why it stops the upgrade."""
        about = f"overrides[{self.index}]"
        of_edit = self.edit.problem
        message = f"{of_edit.path}: {of_edit.message.rpartition('; ')[0]}"
        if _is_field(self.edit.judged):
            fix = "take the override back, or keep it with --keep-overrides"
        else:
            fix = "change the override to what the new version has, or take it back"
        return Problem(about, of_edit.rule.replace("edit-", "override-", 1), f"{message}; {fix}")

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"override": self.index, "kept": self.is_kept, **self.edit.as_dict()}


def judge_overrides(
    overrides: Sequence[Override],
    old: Objects,
    new: Objects,
    keys: ListKeys,
    *,
    keep: bool,
) -> Iterator[StandingEdit]:
    """What each override changes in the old version, with its verdict on the new one.

    One that says nothing new, or hides what the new version says, is reported; one that fits is not.

    Args:
        overrides: those of the request.
        old: the objects of the old version without any override.
        new: the objects of the new version without any override.
        keys: finds the keys of lists.
        keep: whether a field that the new version changes too stays as the override sets it.
    """
    for identity, body in old.items():
        now = new.get(identity)
        before, after = body, now
        for index, override in enumerate(overrides):
            names = (override.kind, override.name) == (identity.kind, identity.name)
            if not names or not override.is_on(identity.cluster):
                continue
            there = overridden_body(before, override)
            for judged in judge(before, there, after, keys):
                if judged.verdict is not EditVerdict.CARRIED:
                    kept = keep and _is_field(judged)
                    found = ObjectEdit(_place(index), _in_words(judged), identity)
                    yield StandingEdit(index, found, is_kept=kept)
            before = there
            after = None if after is None else overridden_body(after, override)


def _place(index: int) -> str:
    return f"overrides[{index}]"


def _is_field(judged: JudgedEdit) -> bool:
    """Whether the override still sets the field: then it hides the new version's value, and nothing is lost by accident."""
    is_list = any(isinstance(value, list) for value in (judged.edit.before, judged.edit.after, judged.now))
    return (
        judged.verdict is EditVerdict.CONFLICT
        and judged.edit.action in {EditAction.SET, EditAction.REMOVE_ITEM}
        and not is_list
    )


def _in_words(judged: JudgedEdit) -> JudgedEdit:
    if judged.verdict is EditVerdict.CONFLICT and _is_field(judged):
        return replace(judged, why="the new version changes it too, and the override would hide that")
    return judged
