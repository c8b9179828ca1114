"""Plan and publish a change set: on the fleet's branch, or on a branch for review."""

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

__all__ = ["PublishedChange", "make_change", "plan_change"]

_MOST_OWNERS: Final = 10
"""The most owners to ask for a review; forges limit the number of reviewers."""
_TITLE_CHARS: Final = 120


@dataclass(frozen=True)
class PublishedChange:
    """A change set, and the result of its publish."""

    change: PlannedChange
    published: Published


def plan_change(
    fleet: Fleet,
    wanted: BulkEdit | Undo,
    *,
    options: PublishOptions | None = None,
    progress: Progress | None = None,
) -> PlannedChange:
    """The plan of a change for the present fleet. Nothing is written.

    Raises:
        InputError: with every problem of the change, and the nearest names.
    """
    return _planned(fleet, wanted, fleet.state(), options, progress)


def make_change(
    fleet: Fleet,
    wanted: BulkEdit | Undo,
    *,
    options: PublishOptions | None = None,
    review: Review | None = None,
    progress: Progress | None = None,
    only: Collection[Ref] | None = None,
    name: str | None = None,
) -> PublishedChange:
    """Publish a change set: one commit, or one pull request.

    If another commit moves the branch meanwhile, the change set is planned again on the new tip: the expression selects
    again, and the new plan must equal an approved one.

    Args:
        fleet: the fleet.
        wanted: the change.
        options: the options of the publish.
        review: push to a branch for review instead.
        progress: receives the number of requests done and the total.
        only: restricts the selected requests, for one wave of a change set.
        name: the id of the change set; by default it follows from the change.

    Raises:
        InputError: with every problem: requests that refuse the change, or a plan that is not the approved one.
        ChecksFailedError: a finding of severity error.
        RepositoryError: the repository or the forge refused.
    """
    known: dict[str | None, PlannedChange] = {}

    def planned(state: FleetState) -> PlannedChange:
        commit = state.snapshot.commit
        if commit not in known:
            known.clear()  # The branch has moved.
            known[commit] = _planned(fleet, wanted, state, options, progress, only=only, name=name)
        return known[commit]

    def propose(state: FleetState) -> Proposal:
        return planned(state).proposal

    def describe(plan: Plan) -> tuple[str, str]:
        del plan  # The change set contains the plan.
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
    return PublishedChange(next(iter(known.values())), published)


def title_of(change: PlannedChange) -> str:
    """The title of the pull request."""
    reason = change.reason
    return reason if len(reason) <= _TITLE_CHARS else f"{reason[: _TITLE_CHARS - 1].rstrip()}…"


def _planned(
    fleet: Fleet,
    wanted: BulkEdit | Undo,
    state: FleetState,
    options: PublishOptions | None,
    progress: Progress | None,
    *,
    only: Collection[Ref] | None = None,
    name: str | None = None,
) -> PlannedChange:
    if isinstance(wanted, BulkEdit):
        return planned_edit(fleet, wanted, state, options=options, progress=progress, only=only, name=name)
    return planned_undo(fleet, wanted, state, options=options, progress=progress)
