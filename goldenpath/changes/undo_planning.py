"""Taking a change set back: its earlier values return, and later changes of others stay."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath import kubeyaml
from goldenpath.changes.change_set import UNDOES, change_sets
from goldenpath.changes.earlier_values import earlier_values
from goldenpath.changes.edit_planning import Rewritten, plan_rewritten
from goldenpath.errors import InputError, Problem
from goldenpath.fleet.publish_options import PublishOptions
from goldenpath.kubeyaml.editing import edited

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.changes.change_set import RequestChange
    from goldenpath.changes.edit_planning import PlannedChange
    from goldenpath.fleet import Fleet
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.spec.ref import Ref

__all__ = ["Undo", "planned_undo"]

_ID_CHARS: Final = 10


@dataclass(frozen=True, slots=True)
class Undo:
    """A change set that is to be taken back.

    Args:
        change: its id.
        reason: why; a plain sentence otherwise.
        skip_refused: leave out the requests where a later change touched the same field, instead of stopping.
        only: of its requests, these alone, by path: a wave of it that goes back.
    """

    change: str
    reason: str = ""
    skip_refused: bool = False
    only: frozenset[str] | None = None

    @property
    def digest(self) -> str:
        """The beginning of the id of the change set that this makes."""
        said = ["undo", self.change, *sorted(self.only or ())]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:_ID_CHARS]


def planned_undo(
    fleet: Fleet,
    undo: Undo,
    state: FleetState,
    *,
    options: PublishOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PlannedChange:
    """What taking a change set back does to a state; nothing is written.

    A request that is as the change set left it gets back the very bytes that it had before.

    Raises:
        InputError: there is no such change set, or it is open.
    """
    change = change_sets(fleet, state.snapshot).get(undo.change)
    if change.is_undone:
        message = f"was taken back already, by {change.undone_by[0]}; undo that one to have it again"
        raise InputError.of("CHANGE", "already-undone", message, undo.change)
    rewritten: list[Rewritten] = []
    refused: dict[Ref, tuple[Problem, ...]] = {}
    not_applicable: dict[Ref, str] = {}
    for each in change.requests:
        if undo.only is not None and each.ref.path not in undo.only:
            continue
        made = _taken_back(state, each)
        if isinstance(made, Rewritten):
            rewritten.append(made)
        elif isinstance(made, str):
            not_applicable[each.ref] = made
        else:
            refused[each.ref] = made
    return plan_rewritten(
        fleet,
        state,
        rewritten,
        digest=undo.digest,
        reason=undo.reason.strip() or f"Undo {change.id}: {change.reason}",
        what=(f"undo: {change.id}, {change.reason}",),
        trailers=((UNDOES, change.id),),
        refused=refused,
        not_applicable=not_applicable,
        skip_refused=undo.skip_refused,
        notes=(),
        options=options or PublishOptions(),
        progress=progress,
    )


def _taken_back(state: FleetState, change: RequestChange) -> Rewritten | str | tuple[Problem, ...]:
    """One request without the change; why there is nothing to do; or why that cannot be."""
    owned = state.tree.find(change.ref)
    if owned.request is None or change.after is None:
        return "is not there any more"
    path, entry = owned.request
    if change.before is None:
        message = "was made by this change set; `goldenpath retire` takes it out of service"
        return (Problem("", "made-by-change", message, file=path),)
    if entry.id == change.before:
        return "is as it was before already"
    texts = (state.snapshot.reader.blob(blob).decode() for blob in (change.before, change.after, entry.id))
    before, after, now = texts
    if entry.id == change.after:
        return Rewritten(change.ref, path, now, before)
    return _with_earlier_values(change.ref, path, before, after, now)


def _with_earlier_values(
    ref: Ref, path: str, before: str, after: str, now: str
) -> Rewritten | str | tuple[Problem, ...]:
    """A request that others have changed since, with the values that the change set took."""
    found = earlier_values(*(kubeyaml.load(text, name=path) for text in (before, after, now)))
    if found.conflicts:
        return tuple(
            Problem(
                conflict.path,
                "changed-since",
                f"a later change touched it: the change set made it {conflict.after} from {conflict.before}, and now "
                f"it is {conflict.now}; decide, and change it by hand",
                file=path,
            )
            for conflict in found.conflicts
        )
    if not found.changes:
        return "has none of its values any more"
    try:
        return Rewritten(ref, path, now, edited(now, found.changes, name=path))
    except InputError as error:
        return error.problems
