"""``goldenpath:plan`` and ``goldenpath:publish``: a request becomes a commit or a pull request of the fleet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from goldenpath.errors import InputError, RefMovedError
from goldenpath.fleet import Submission
from goldenpath_backstage.actions.action import Action, Effort, Example, Output
from goldenpath_backstage.actions.existing_requests import asked_for_by, edited, guard_of
from goldenpath_backstage.actions.finding_output import FindingOutput, report_findings
from goldenpath_backstage.actions.request_change import (
    ChangeOutput,
    Delivery,
    Message,
    in_dry_run,
    publish_options_of,
    review_of,
    tell_plan,
    what_was_done,
)
from goldenpath_backstage.actions.request_input import Kept, RequestInput, accepted_in, document_of
from goldenpath_backstage.auth.permissions import Verb
from goldenpath_backstage.backend_errors import ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.fleet import PublishOptions
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.spec.ref import Ref
    from goldenpath_backstage.actions.action import ActionCall

__all__ = ["PLAN", "PUBLISH"]

_ASKED = {
    "golden_path": "tenant/v1",
    "values": {"name": "vision", "owner": "vision-team", "clusters": ["berlin"]},
}

_WORKLOAD = {
    "golden_path": "web/v1",
    "values": {"name": "chat", "tenant": "vision", "inputs": {"image": "registry.example/chat:1"}},
}


class ChangeInput(RequestInput):
    """A change of one tenant or workload."""

    new: bool = False
    """It is to be made: where there is one of that name, that asks for something else, it is left alone."""
    edit: bool = False
    """It is there already, and the form was filled in from it: what the form does not ask for is kept."""
    revision: Annotated[str, Field(max_length=64)] | None = None
    """Revision of the request that the form was filled in from; one that was changed meanwhile is refused."""
    kept: Kept | None = None
    """Sections of the request that the form could not show, such as `network`: where they are empty, they stay as they are."""
    upgrade: bool = False
    """Take the newest version of the golden path, and not the one that its lock pins."""
    overwrite_edits: bool = False
    """Write over rendered files that were edited by hand."""
    allow_removals: Annotated[int, Field(ge=0)] | None = None
    """How many objects the change may remove; a few, where nothing is said."""


class PlanInput(ChangeInput):
    """What to plan."""


class PlanOutput(Output):
    """What publishing would do."""

    tenant: str
    """The tenant's name."""
    workload: str | None = None
    """The workload's name; left out for a tenant."""
    ready: bool
    """Whether it could be published as it is."""
    changed: bool
    """Whether anything would change."""
    summary: dict[str, Any]
    """Counts of what would change: tenants, workloads, objects, files, findings."""
    obstacles: list[str]
    """What stands in the way, each in words."""
    findings: list[FindingOutput]
    """What the checks say, worst first."""


class PublishInput(ChangeInput):
    """What to publish, and how."""

    delivery: Delivery = "commit"
    """`commit` puts it on the fleet's branch; `pull-request` puts it up for review."""
    message: Message | None = None
    """First words of the commit's message."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What a form was filled in with, ready to be planned or published."""

    state: FleetState
    ref: Ref
    request: Submission
    options: PublishOptions
    guard: Callable[[FleetState], None]


def _change(asked: ChangeInput, call: ActionCall, *, reviewed: bool, message: str | None) -> _Change:
    """The change that is asked for.

    Raises:
        InputError: with every problem.
    """
    state = call.fleet.state(newest=True)
    document = document_of(asked, state.context)
    seen = asked.revision
    if asked.edit:
        document, now = edited(state, document, asked.kept)
        seen = seen or now
    ref = accepted_in(state, document).ref
    guard = guard_of(
        call.caller,
        ref,
        asked=document,
        reviewed=reviewed,
        seen=seen,
        new=asked.new,
        asked_by=asked_for_by(state, ref, call.fleet.repository.store) if reviewed else None,
    )
    options = publish_options_of(
        call,
        state.context,
        guard=guard,
        message=message,
        upgrade=asked.upgrade,
        overwrite_edits=asked.overwrite_edits,
        allow_removals=asked.allow_removals,
    )
    return _Change(state, ref, Submission(document), options, guard)


def _plan(asked: PlanInput, call: ActionCall) -> PlanOutput:
    change = _change(asked, call, reviewed=True, message=None)
    proposal = call.fleet.repository.plan(change.request, options=change.options)
    tell_plan(proposal.plan, call)
    obstacles = [str(problem) for problem in proposal.problems]
    try:
        change.guard(change.state)
    except InputError as error:
        obstacles.extend(str(problem) for problem in error.problems)
    except (ForbiddenError, RefMovedError) as error:
        obstacles.append(str(error))
    for obstacle in obstacles:
        call.warn(obstacle)
    return PlanOutput(
        tenant=change.ref.namespace,
        workload=change.ref.name if change.ref.parent is not None else None,
        ready=not (obstacles or proposal.errors),
        changed=bool(proposal.plan),
        summary=proposal.plan.summary,
        obstacles=obstacles,
        findings=report_findings(proposal.plan.all_findings, call),
    )


def _publish(asked: PublishInput, call: ActionCall) -> ChangeOutput:
    review = review_of(call, asked.delivery)
    change = _change(asked, call, reviewed=review is not None, message=asked.message)
    change.guard(change.state)
    if call.dry_run:
        return in_dry_run(
            call.fleet.repository.plan(change.request, options=change.options), change.ref, call
        )
    call.info(f"Publishing {change.ref.path} to the fleet repository")
    # From here on the commit is made, also without a listener: a change is never half-done.
    call.finish()
    published = call.fleet.repository.publish(change.request, options=change.options, review=review)
    return what_was_done(published, change.ref, call)


PLAN = Action(
    id="goldenpath:plan",
    title="Plan a change of a tenant or workload",
    description=(
        "Shows what publishing a request would change in the fleet repository, by cluster and object, and what "
        "stands in its way. Nothing is written."
    ),
    input=PlanInput,
    output=PlanOutput,
    examples=(Example("Plan a new tenant", _ASKED),),
    effort=Effort.WAITS,
    verb=Verb.READ,
    run=_plan,
)

PUBLISH = Action(
    id="goldenpath:publish",
    title="Publish a tenant or workload",
    description=(
        "Checks a request, renders it and commits the result to the fleet repository, or opens a pull request. "
        "Publishing the same again makes no second commit, and updates the open pull request."
    ),
    input=PublishInput,
    output=ChangeOutput,
    examples=(
        Example("Commit a new tenant to the fleet's branch", {**_ASKED, "new": True}),
        Example("Commit a new workload of a tenant", {**_WORKLOAD, "new": True}),
        Example("Put a new tenant up for review", {**_ASKED, "delivery": "pull-request"}),
        Example(
            "Publish what a tenant's form was changed to",
            {
                "golden_path": "tenant/v1",
                "values": "${{ parameters }}",
                "edit": True,
                "delivery": "pull-request",
            },
        ),
    ),
    effort=Effort.WAITS,
    verb=Verb.CHANGE,
    run=_publish,
)
