"""``goldenpath:edit`` and ``goldenpath:undo``: one change of many requests, and taking it back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from goldenpath import kubeyaml
from goldenpath.changes import BulkEdit, Undo, make_change, plan_change
from goldenpath.spec.ref import Subject
from goldenpath.tenancy import RepositoryPaths
from goldenpath_backstage.actions.action import Action, Effort, Example, Input, Output
from goldenpath_backstage.actions.existing_requests import guard_of
from goldenpath_backstage.actions.query_action import Expression, Kind  # noqa: TC001 - pydantic reads them
from goldenpath_backstage.actions.request_change import (
    Delivery,
    Message,
    publish_options_of,
    review_of,
    tell_plan,
)
from goldenpath_backstage.auth.permissions import Verb

if TYPE_CHECKING:
    from goldenpath.changes import PlannedChange
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath_backstage.actions.action import ActionCall

__all__ = ["EDIT", "UNDO"]

_Assignment = Annotated[str, Field(min_length=1, max_length=2000)]
_Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class _MadeInput(Input):
    """How a change set is made."""

    skipRefused: bool = False  # noqa: N815 - as Backstage writes names
    """Leave out the requests that refuse the change, and name them; otherwise one stops all."""
    delivery: Delivery = "pull-request"
    """`pull-request` puts it up for review; `commit` puts it on the fleet's branch, with the digest in `approve`."""
    approve: _Digest | None = None
    """The digest of the plan that was approved, as a dry run gives it: another plan is refused."""


class EditInput(_MadeInput):
    """Which requests, and what changes in them."""

    where: Expression
    """CEL that is true of the requests to change."""
    set: Annotated[list[_Assignment], Field(max_length=50)] = Field(default_factory=list)
    """Fields with their new values, such as `gpus[profile=nvidia-a100-80gb].quota=4`."""
    unset: Annotated[list[_Assignment], Field(max_length=50)] = Field(default_factory=list)
    """Fields that go."""
    reason: Message
    """Why, for those who read the history."""
    kind: Kind | None = None
    """Only requests of this kind."""


class UndoInput(_MadeInput):
    """Which change set."""

    change: Annotated[str, Field(min_length=1, max_length=40)]
    """Its id."""
    reason: Message = ""
    """Why, for those who read the history."""


class ChangeSetOutput(Output):
    """What the change set does, or did."""

    changeSet: str  # noqa: N815 - as Backstage writes names
    """Its id."""
    digest: str
    """The digest of the plan, to be approved."""
    reach: dict[str, Any]
    """Whom it reaches: `reached`, `shielded`, `conflicting` and `not_applicable` add up to `selected`."""
    summary: dict[str, Any]
    """Counts of what changed: tenants, workloads, objects, files, findings."""
    changed: bool
    """Whether there was anything to do."""
    branch: str | None = None
    """The branch with the change."""
    commit: str | None = None
    """The commit that holds it."""
    remoteUrl: str | None = None  # noqa: N815 - as Backstage's own `publish:*` actions call it
    """The pull request, where there is one."""
    pullRequestNumber: int | None = None  # noqa: N815 - the same
    """The pull request's number."""


def _edit(asked: EditInput, call: ActionCall) -> ChangeSetOutput:
    edit = BulkEdit.of(
        asked.where,
        sets=asked.set,
        unsets=asked.unset,
        reason=asked.reason,
        kind=asked.kind,
        skip_refused=asked.skipRefused,
    )
    return _make(edit, asked, call)


def _undo(asked: UndoInput, call: ActionCall) -> ChangeSetOutput:
    return _make(Undo(asked.change, asked.reason, asked.skipRefused), asked, call)


def _make(change: BulkEdit | Undo, asked: _MadeInput, call: ActionCall) -> ChangeSetOutput:
    """Plan, hold each changed request against what the caller may do, and make exactly that plan."""
    repository = call.fleet.repository
    state = call.fleet.state(newest=True)
    review = review_of(call, asked.delivery)
    options = publish_options_of(call, state.context, guard=lambda _: None)
    planned = plan_change(repository, change, options=options)
    _check_allowed(planned, state, call, reviewed=review is not None)
    tell_plan(planned.proposal.plan, call)
    call.info("\n".join(planned.reach.lines()))
    for note in planned.notes:
        call.warn(note)
    planned.proposal.check()
    if call.dry_run:
        call.info(f"This was a dry run: nothing was published. Approve {planned.digest}")
        return _output(planned)
    approved = asked.approve or planned.digest
    call.finish()
    made = make_change(repository, change, options=replace(options, approved=approved), review=review)
    call.fleet.forget()
    published = made.published
    opened = published.pull_request
    if published.commit is not None:
        call.audit.changed(
            call.caller,
            request_id=call.request_id,
            action=call.action,
            tenant=f"change set {made.change.id}",
            task=call.task,
            commit=published.commit,
            pull_request=opened.url if opened else None,
        )
    return _output(made.change).model_copy(
        update={
            "branch": published.branch,
            "commit": published.commit,
            "remoteUrl": opened.url if opened else None,
            "pullRequestNumber": opened.number if opened else None,
        }
    )


def _check_allowed(planned: PlannedChange, state: FleetState, call: ActionCall, *, reviewed: bool) -> None:
    """Whether the caller may change each of these requests.

    Raises:
        ForbiddenError: not all of them; it names the group that could.
    """
    for part in planned.proposal.plan.parts:
        if part.kind not in {Subject.TENANT, Subject.WORKLOAD} or not part.changes:
            continue
        content = part.changes.edits.get(RepositoryPaths(part.ref, state.context.layout).request)
        if content is not None:
            asked = kubeyaml.load(content.text)
            guard_of(call.caller, part.ref, asked=asked, reviewed=reviewed)(state)


def _output(planned: PlannedChange) -> ChangeSetOutput:
    plan = planned.proposal.plan
    return ChangeSetOutput(
        changeSet=planned.id,
        digest=planned.digest,
        reach=planned.reach.as_dict(),
        summary=plan.summary,
        changed=bool(plan),
    )


EDIT = Action(
    id="goldenpath:edit",
    title="Change many tenants at once",
    description=(
        "Changes a field in every request for which a CEL expression is true, as one change set: comments and order stay, "
        "every request is checked first, and one that refuses the change stops all of them. Its dry run gives the plan, "
        "whom it reaches, and the digest to approve."
    ),
    input=EditInput,
    output=ChangeSetOutput,
    examples=(
        Example(
            "Move tenants to another accelerator, up for review",
            {
                "where": 'gpus.exists(g, g.profile == "nvidia-h100-80gb")',
                "set": ["gpus[profile=nvidia-h100-80gb].borrow=0"],
                "reason": "Nothing is left to borrow",
            },
        ),
    ),
    effort=Effort.WAITS,
    verb=Verb.CHANGE,
    run=_edit,
)

UNDO = Action(
    id="goldenpath:undo",
    title="Take a change set back",
    description=(
        "Restores the values that each request of a change set had before, and keeps later changes of other fields. Where a "
        "later change touched the same field, it shows both values and writes nothing."
    ),
    input=UndoInput,
    output=ChangeSetOutput,
    examples=(Example("Take a change set back, up for review", {"change": "3f2a9c1b7e"}),),
    effort=Effort.WAITS,
    verb=Verb.CHANGE,
    run=_undo,
)
