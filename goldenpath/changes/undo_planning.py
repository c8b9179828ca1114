"""Plan the undo of a change set: restore earlier values, and keep later changes of others."""

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
    """The undo of a change set.

    Args:
        change: the id of the change set.
        reason: the reason; by default a standard sentence.
        skip_refused: leave out the requests where a later change touched the same field, instead of stopping.
        only: restricts the requests, by path, for the undo of one wave.
    """

    change: str
    reason: str = ""
    skip_refused: bool = False
    only: frozenset[str] | None = None

    @property
    def digest(self) -> str:
        """The first part of the id of the new change set."""
        content = ["undo", self.change, *sorted(self.only or ())]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:_ID_CHARS]


def planned_undo(
    fleet: Fleet,
    undo: Undo,
    state: FleetState,
    *,
    options: PublishOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PlannedChange:
    """The plan of an undo for one state. Nothing is written.

    A request without later changes gets back exactly its earlier bytes.

    Raises:
        InputError: the change set does not exist, is open, or is undone already.
    """
    change = change_sets(fleet, state.snapshot).get(undo.change)
    if change.is_undone:
        message = (
            f"is undone already, by {change.undone_by[0]}; to apply the change again, undo that change set"
        )
        raise InputError.of("CHANGE", "already-undone", message, undo.change)
    rewritten: list[Rewritten] = []
    refused: dict[Ref, tuple[Problem, ...]] = {}
    not_applicable: dict[Ref, str] = {}
    for each in change.requests:
        if undo.only is not None and each.ref.path not in undo.only:
            continue
        result = _without_change(state, each)
        if isinstance(result, Rewritten):
            rewritten.append(result)
        elif isinstance(result, str):
            not_applicable[each.ref] = result
        else:
            refused[each.ref] = result
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
        options=options or PublishOptions(),
        progress=progress,
    )


def _without_change(state: FleetState, change: RequestChange) -> Rewritten | str | tuple[Problem, ...]:
    """The request without the change; or the reason why nothing changes; or the problems that prevent the undo."""
    owned = state.tree.find(change.ref)
    if owned.request is None or change.after is None:
        return "no longer exists"
    path, entry = owned.request
    if change.before is None:
        message = "was created by this change set; take the tenant out of service with `goldenpath retire`"
        return (Problem("", "made-by-change", message, file=path),)
    if entry.id == change.before:
        return "has its earlier text already"
    texts = (state.snapshot.reader.blob(blob).decode() for blob in (change.before, change.after, entry.id))
    before, after, now = texts
    if entry.id == change.after:
        return Rewritten(change.ref, path, now, before)
    return _with_earlier_values(change.ref, path, before, after, now)


def _with_earlier_values(
    ref: Ref, path: str, before: str, after: str, now: str
) -> Rewritten | str | tuple[Problem, ...]:
    """The request with its earlier values and the later changes of others."""
    found = earlier_values(*(kubeyaml.load(text, name=path) for text in (before, after, now)))
    if found.conflicts:
        return tuple(
            Problem(
                conflict.path,
                "changed-since",
                f"a later change also touched this field: it was {conflict.before} before the change set, {conflict.after} after "
                f"it, and is {conflict.now} now; edit the request by hand",
                file=path,
            )
            for conflict in found.conflicts
        )
    if not found.changes:
        return "no longer has the values of the change set"
    try:
        return Rewritten(ref, path, now, edited(now, found.changes, name=path))
    except InputError as error:
        return error.problems
