"""Judge the existing overrides of a request against a new version, whose changes an override may hide."""

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

__all__ = ["OverrideEdit", "judge_overrides"]


@dataclass(frozen=True, slots=True)
class OverrideEdit:
    """The change of one override, judged against a new version."""

    index: int
    """Index of the override in the request."""
    edit: ObjectEdit
    is_kept: bool = False
    """Whether the override stays although the new version changes the same field."""

    @property
    def stops(self) -> bool:
        """Whether a person must decide before the upgrade."""
        return self.edit.verdict.stops and not self.is_kept

    @property
    def problem(self) -> Problem:
        """The problem of an override that stops the upgrade."""
        problem = self.edit.problem
        message = f"{problem.path}: {problem.message.rpartition('; ')[0]}"
        if _is_field(self.edit.judged):
            fix = "remove the override, or keep it with --keep-overrides"
        else:
            fix = "adapt the override to the new version, or remove it"
        rule = problem.rule.replace("edit-", "override-", 1)
        return Problem(f"overrides[{self.index}]", rule, f"{message}; {fix}")

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {"override": self.index, "kept": self.is_kept, **self.edit.as_dict()}


def judge_overrides(
    overrides: Sequence[Override],
    old: Objects,
    new: Objects,
    keys: ListKeys,
    *,
    keep: bool,
) -> Iterator[OverrideEdit]:
    """The changes of overrides that do not fit the new version: redundant ones, and ones that hide a change.

    Args:
        overrides: the overrides of the request.
        old: the objects of the old version without overrides.
        new: the objects of the new version without overrides.
        keys: finds the keys of lists.
        keep: whether an override keeps a field that the new version also changes.
    """
    for identity, body in old.items():
        now = new.get(identity)
        before, after = body, now
        for index, override in enumerate(overrides):
            names = (override.kind, override.name) == (identity.kind, identity.name)
            if not names or not override.is_on(identity.cluster):
                continue
            overridden = overridden_body(before, override)
            for judged in judge(before, overridden, after, keys):
                if judged.verdict is not EditVerdict.CARRIED:
                    found = ObjectEdit(f"overrides[{index}]", _explained(judged), identity)
                    yield OverrideEdit(index, found, is_kept=keep and _is_field(judged))
            before = overridden
            after = None if after is None else overridden_body(after, override)


def _is_field(judged: JudgedEdit) -> bool:
    """Whether the override can keep the field: it then hides the new version's value."""
    is_list = any(isinstance(value, list) for value in (judged.edit.before, judged.edit.after, judged.now))
    return (
        judged.verdict is EditVerdict.CONFLICT
        and judged.edit.action in {EditAction.SET, EditAction.REMOVE_ITEM}
        and not is_list
    )


def _explained(judged: JudgedEdit) -> JudgedEdit:
    why = "the new version also changes the field, and the override would hide that"
    return replace(judged, why=why) if _is_field(judged) else judged
