"""Edits that are carried, as overrides of the request: one for each object and each set of clusters that agree."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from goldenpath.edits import EditVerdict, JudgedEdit, override_changes
from goldenpath.edits.list_items import fingerprint
from goldenpath.errors import InputError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from goldenpath.upgrades.object_edits import ObjectEdit, Objects

__all__ = ["Agreement", "overrides_for", "without_ambiguous"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who agreed that hand edits stay, why, and until when."""

    approved_by: str
    reason: str
    expires: dt.date

    @classmethod
    def of(cls, approved_by: str | None, reason: str | None, expires: dt.date | None) -> Agreement | None:
        """The agreement that was given; None where nothing of it was.

        Raises:
            InputError: a part of it is missing.
        """
        given = {"--approved-by": approved_by, "--reason": reason, "--expires": expires}
        missing = [name for name, value in given.items() if not value]
        if len(missing) == len(given):
            return None
        if missing or not (approved_by and reason and expires):
            message = f"goes with {' and '.join(missing)}: a kept edit has an approver, a reason and an end"
            raise InputError.of(next(name for name in given if name not in missing), "required", message)
        return cls(approved_by, reason, expires)

    def as_dict(self) -> dict[str, Any]:
        """As an override has it."""
        return {
            "reason": self.reason,
            "approved_by": self.approved_by,
            "expires": self.expires.isoformat(),
        }


def without_ambiguous(edits: Iterable[ObjectEdit], new: Objects) -> tuple[ObjectEdit, ...]:
    """The edits, where one that an override would also make in another object is not sayable."""
    named: defaultdict[tuple[str | None, str, str], int] = defaultdict(int)
    for identity in new:
        named[identity.cluster, identity.kind, identity.name] += 1

    def checked(edit: ObjectEdit) -> ObjectEdit:
        which = edit.object
        if which is None or edit.verdict is not EditVerdict.CARRIED:
            return edit
        if which.cluster is None or named[which.cluster, which.kind, which.name] > 1:
            why = "an override names an object by kind and name, and this one is not the only one"
            judged = JudgedEdit(edit.judged.edit, EditVerdict.NOT_SAYABLE, edit.judged.now, why)
            return replace(edit, judged=judged)
        return edit

    return tuple(map(checked, edits))


def overrides_for(
    edits: Iterable[ObjectEdit], new: Objects, agreement: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The overrides that make the carried ones of these edits.

    Args:
        edits: of one owner.
        new: every object of the new rendering.
        agreement: reason, approver and end.
    """
    by_object: defaultdict[tuple[str, str], defaultdict[str, list[JudgedEdit]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for edit in edits:
        if edit.verdict is EditVerdict.CARRIED and edit.object is not None and edit.object.cluster:
            by_object[edit.object.kind, edit.object.name][edit.object.cluster].append(edit.judged)
    for (kind, name), by_cluster in by_object.items():
        alike: defaultdict[str, list[str]] = defaultdict(list)
        changes: dict[str, dict[str, Any]] = {}
        for cluster, judged in by_cluster.items():
            made = override_changes(each.edit for each in judged)
            alike[fingerprint(made)].append(cluster)
            changes[fingerprint(made)] = made
        everywhere = {each.cluster for each in new if (each.kind, each.name) == (kind, name)}
        for mark, clusters in alike.items():
            limited = {} if set(clusters) == everywhere else {"clusters": sorted(clusters)}
            yield {"kind": kind, "name": name, **limited, **changes[mark], **agreement}
