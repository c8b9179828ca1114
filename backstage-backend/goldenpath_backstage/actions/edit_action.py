"""``goldenpath:edit`` and ``goldenpath:undo``: one change of many requests, and its reversal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from goldenpath import kubeyaml
from goldenpath.changes import BulkEdit, Undo, make_change, plan_change
from goldenpath.spec.ref import Subject
from goldenpath.tenancy import RepositoryPaths
from goldenpath_backstage.actions.action import Action, Effort, Example, Input, Output
from goldenpath_backstage.actions.existing_requests import change_guard
from goldenpath_backstage.actions.query_action import Expression, Kind  # noqa: TC001 - pydantic reads them
from goldenpath_backstage.actions.request_change import (
    Delivery,
    Message,
    audit_commit,
    log_plan,
    publish_options,
    review_of,
)
from goldenpath_backstage.auth.permissions import Verb

if TYPE_CHECKING:
    from goldenpath.changes import PlannedChange
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath_backstage.actions.action import ActionCall

__all__ = ["EDIT", "UNDO"]

_Assignment = Annotated[str, Field(min_length=1, max_length=2000)]
_Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class _ChangeSetInput(Input):
    """The delivery of a change set."""

    skipRefused: bool = False  # noqa: N815 - as Backstage writes names
    """Leave out requests for which the change is invalid, and list them; by default one of them stops all."""
    delivery: Delivery = "pull-request"
    """`pull-request` opens a review; `commit` writes to the fleet's branch, and needs the digest in `approve`."""
    approve: _Digest | None = None
    """The digest of the approved plan, from a dry run. A plan with another digest is refused."""


class EditInput(_ChangeSetInput):
    """The requests to change, and the change."""

    where: Expression
    """CEL expression that selects the requests to change."""
    set: Annotated[list[_Assignment], Field(max_length=50)] = Field(default_factory=list)
    """Fields with their new values, such as `gpus[profile=nvidia-a100-80gb].quota=4`."""
    unset: Annotated[list[_Assignment], Field(max_length=50)] = Field(default_factory=list)
    """Fields to remove."""
    reason: Message
    """The reason, for the history."""
    kind: Kind | None = None
    """Only requests of this kind."""


class UndoInput(_ChangeSetInput):
    """The change set to undo."""

    change: Annotated[str, Field(min_length=1, max_length=40)]
    """The change set's id."""
    reason: Message = ""
    """The reason, for the history."""


class ChangeSetOutput(Output):
    """The change set, planned or made."""

    changeSet: str  # noqa: N815 - as Backstage writes names
    """The change set's id."""
    digest: str
    """The digest of the plan, for `approve`."""
    reach: dict[str, Any]
    """Counts of the selected requests: `reached`, `shielded`, `conflicting` and `not_applicable` add up to `selected`."""
    summary: dict[str, Any]
    """Counts of what changed: tenants, workloads, objects, files, findings."""
    changed: bool
    """Whether any request changes."""
    branch: str | None = None
    """The branch with the change."""
    commit: str | None = None
    """The commit with the change."""
    remoteUrl: str | None = None  # noqa: N815 - as Backstage's own `publish:*` actions call it
    """The web page of the pull request."""
    pullRequestNumber: int | None = None  # noqa: N815 - the same
    """The pull request's number."""


def _edit(inputs: EditInput, call: ActionCall) -> ChangeSetOutput:
    edit = BulkEdit.of(
        inputs.where,
        sets=inputs.set,
        unsets=inputs.unset,
        reason=inputs.reason,
        kind=inputs.kind,
        skip_refused=inputs.skipRefused,
    )
    return _run(edit, inputs, call)


def _undo(inputs: UndoInput, call: ActionCall) -> ChangeSetOutput:
    return _run(Undo(inputs.change, inputs.reason, inputs.skipRefused), inputs, call)


def _run(change: BulkEdit | Undo, inputs: _ChangeSetInput, call: ActionCall) -> ChangeSetOutput:
    """Plan the change set, check the caller's rights for each changed request, and make exactly that plan."""
    repository = call.fleet.repository
    state = call.fleet.state(newest=True)
    review = review_of(call, inputs.delivery)
    options = publish_options(call, state.context, guard=lambda _: None)
    planned = plan_change(repository, change, options=options)
    _check_allowed(planned, state, call, reviewed=review is not None)
    log_plan(planned.proposal.plan, call)
    call.info("\n".join(planned.reach.lines()))
    for note in planned.notes:
        call.warn(note)
    planned.proposal.check()
    if call.dry_run:
        call.info(
            f"This was a dry run: nothing was published. To publish this plan, approve {planned.digest}"
        )
        return _output(planned)
    approved = inputs.approve or planned.digest
    call.finish()
    made = make_change(repository, change, options=replace(options, approved=approved), review=review)
    call.fleet.forget()
    published = made.published
    opened = published.pull_request
    audit_commit(published, f"change set {made.change.id}", call)
    return _output(made.change).model_copy(
        update={
            "branch": published.branch,
            "commit": published.commit,
            "remoteUrl": opened.url if opened else None,
            "pullRequestNumber": opened.number if opened else None,
        }
    )


def _check_allowed(planned: PlannedChange, state: FleetState, call: ActionCall, *, reviewed: bool) -> None:
    """Check that the caller may change each of the requests.

    Raises:
        ForbiddenError: the caller may not change one of them; the message names the group that may.
    """
    for part in planned.proposal.plan.parts:
        if part.kind not in {Subject.TENANT, Subject.WORKLOAD} or not part.changes:
            continue
        content = part.changes.edits.get(RepositoryPaths(part.ref, state.context.layout).request)
        if content is not None:
            wanted = kubeyaml.load(content.text)
            change_guard(call.caller, part.ref, wanted=wanted, reviewed=reviewed)(state)


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
        "Changes fields in every request that a CEL expression selects, as one change set. Comments and order stay. Every "
        "request is checked first, and one for which the change is invalid stops all of them. A dry run shows the plan, "
        "the counts of requests, and the digest to approve."
    ),
    input=EditInput,
    output=ChangeSetOutput,
    examples=(
        Example(
            "End borrowing of an accelerator, by pull request",
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
    title="Undo a change set",
    description=(
        "Restores the values that each request had before a change set, and keeps later changes of other fields. If a later "
        "change set the same field, the action shows both values and writes nothing."
    ),
    input=UndoInput,
    output=ChangeSetOutput,
    examples=(Example("Undo a change set, by pull request", {"change": "3f2a9c1b7e"}),),
    effort=Effort.WAITS,
    verb=Verb.CHANGE,
    run=_undo,
)
