"""Planning and making a change set: on the branch itself, or up for review."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from goldenpath.changes.bulk_edit import BulkEdit
from goldenpath.changes.change_markdown import change_markdown
from goldenpath.changes.change_set import BRANCH_PREFIX
from goldenpath.changes.edit_planning import planned_edit
from goldenpath.changes.undo_planning import Undo, planned_undo

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from goldenpath.changes.edit_planning import PlannedChange
    from goldenpath.fleet import Fleet, Proposal, Published, PublishOptions, Review
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.repository.publish_plan import Plan
    from goldenpath.spec.ref import Ref

    Progress = Callable[[int, int], None]

__all__ = ["MadeChange", "make_change", "plan_change"]

_MOST_OWNERS: Final = 10
"""Owners who are asked one by one; a forge refuses more reviewers than a few."""
_TITLE_CHARS: Final = 120


@dataclass(frozen=True)
class MadeChange:
    """A change set that was made."""

    change: PlannedChange
    published: Published


def plan_change(
    fleet: Fleet,
    asked: BulkEdit | Undo,
    *,
    options: PublishOptions | None = None,
    progress: Progress | None = None,
) -> PlannedChange:
    """What a change would do to the fleet as it is now; nothing is written.

    Raises:
        InputError: the change cannot be understood; every problem, with the nearest name.
    """
    return _planned(fleet, asked, fleet.state(), options, progress)


def make_change(
    fleet: Fleet,
    asked: BulkEdit | Undo,
    *,
    options: PublishOptions | None = None,
    review: Review | None = None,
    progress: Progress | None = None,
    only: Collection[Ref] | None = None,
    name: str | None = None,
) -> MadeChange:
    """Make a change set: one commit, or one pull request.

    Where another commit moved the branch meanwhile, the change set is planned again on the new tip: the expression is asked
    again, and a plan that was approved must still be that plan.

    Args:
        fleet: the fleet.
        asked: the change.
        options: what is allowed; with ``approved``, only the plan with that digest.
        review: put it up for review, on a branch of its own, instead.
        progress: receives the number of requests done and the total.
        only: of the requests that an edit selects, these alone: a part of a change set that goes in waves.
        name: the id of the change set that this is a part of; one that follows from what is asked otherwise.

    Raises:
        InputError: a request refuses the change, or the plan is not the one that was approved; every problem.
        ChecksFailedError: a finding of severity error.
        RepositoryError: the repository or the forge refused.
    """
    known: dict[str | None, PlannedChange] = {}

    def planned(state: FleetState) -> PlannedChange:
        commit = state.snapshot.commit
        if commit not in known:
            known.clear()  # the branch has moved
            known[commit] = _planned(fleet, asked, state, options, progress, only=only, name=name)
        return known[commit]

    def propose(state: FleetState) -> Proposal:
        return planned(state).proposal

    def describe(plan: Plan) -> tuple[str, str]:
        del plan  # the change set has it
        change = next(iter(known.values()))
        return title_of(change), change_markdown(change)

    if review is not None:
        first = planned(fleet.state())
        owners = {part.owner for part in first.proposal.plan.parts if part.changes}
        review = replace(
            review,
            branch=review.branch or f"{BRANCH_PREFIX}{first.id}",
            ask_owners=review.ask_owners and len(owners) <= _MOST_OWNERS,
            describe=describe,
        )
    published = fleet.carry_out(propose, review=review)
    return MadeChange(next(iter(known.values())), published)


def title_of(change: PlannedChange) -> str:
    """The title of its pull request."""
    return (
        change.reason
        if len(change.reason) <= _TITLE_CHARS
        else f"{change.reason[: _TITLE_CHARS - 1].rstrip()}…"
    )


def _planned(
    fleet: Fleet,
    asked: BulkEdit | Undo,
    state: FleetState,
    options: PublishOptions | None,
    progress: Progress | None,
    *,
    only: Collection[Ref] | None = None,
    name: str | None = None,
) -> PlannedChange:
    if isinstance(asked, BulkEdit):
        return planned_edit(fleet, asked, state, options=options, progress=progress, only=only, name=name)
    return planned_undo(fleet, asked, state, options=options, progress=progress)
