"""Turn carried hand edits into overrides of the request: one for each object and each set of clusters with equal edits."""

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
    """The approval that hand edits stay: approver, reason and end date."""

    approved_by: str
    reason: str
    expires: dt.date

    @classmethod
    def of(cls, approved_by: str | None, reason: str | None, expires: dt.date | None) -> Agreement | None:
        """The agreement in the options of a person; None if all three are empty.

        Raises:
            InputError: a part is missing.
        """
        given = {"--approved-by": approved_by, "--reason": reason, "--expires": expires}
        missing = [name for name, value in given.items() if not value]
        if len(missing) == len(given):
            return None
        if missing or not (approved_by and reason and expires):
            message = (
                f"needs {' and '.join(missing)} too: a kept edit has an approver, a reason and an end date"
            )
            raise InputError.of(next(name for name in given if name not in missing), "required", message)
        return cls(approved_by, reason, expires)

    def as_dict(self) -> dict[str, Any]:
        """The fields of an override."""
        expires = self.expires.isoformat()
        return {"reason": self.reason, "approved_by": self.approved_by, "expires": expires}


def without_ambiguous(edits: Iterable[ObjectEdit], new: Objects) -> tuple[ObjectEdit, ...]:
    """Mark an edit as impossible to carry if its override would also change another object."""
    named: defaultdict[tuple[str | None, str, str], int] = defaultdict(int)
    for identity in new:
        named[identity.cluster, identity.kind, identity.name] += 1

    def checked(edit: ObjectEdit) -> ObjectEdit:
        which = edit.object
        if which is None or edit.verdict is not EditVerdict.CARRIED:
            return edit
        if which.cluster is None or named[which.cluster, which.kind, which.name] > 1:
            why = "an override selects by kind and name, and another object has the same kind and name"
            judged = JudgedEdit(edit.judged.edit, EditVerdict.NOT_SAYABLE, edit.judged.now, why)
            return replace(edit, judged=judged)
        return edit

    return tuple(map(checked, edits))


def overrides_for(
    edits: Iterable[ObjectEdit], new: Objects, agreement: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The overrides for the carried edits.

    Args:
        edits: the edits of one owner.
        new: every object of the new rendering.
        agreement: reason, approver and end date.
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
            change = override_changes(each.edit for each in judged)
            mark = fingerprint(change)
            alike[mark].append(cluster)
            changes[mark] = change
        everywhere = {each.cluster for each in new if (each.kind, each.name) == (kind, name)}
        for mark, clusters in alike.items():
            limited = {} if set(clusters) == everywhere else {"clusters": sorted(clusters)}
            yield {"kind": kind, "name": name, **limited, **changes[mark], **agreement}
