"""``goldenpath:plan`` and ``goldenpath:publish``: a request becomes a commit or a pull request of the fleet repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from goldenpath.errors import InputError, RefMovedError
from goldenpath.fleet import Submission
from goldenpath_backstage.actions.action import Action, Effort, Example, OwnedOutput, workload_name
from goldenpath_backstage.actions.existing_requests import apply_form, change_guard, review_owner
from goldenpath_backstage.actions.finding_output import FindingOutput, report_findings
from goldenpath_backstage.actions.request_change import (
    ChangeOutput,
    Delivery,
    Message,
    deliver,
    log_plan,
    publish_options,
    review_of,
)
from goldenpath_backstage.actions.request_input import Kept, RequestInput, accept_document, form_document
from goldenpath_backstage.auth.permissions import Verb
from goldenpath_backstage.backend_errors import ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.fleet import PublishOptions
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.spec.ref import Ref
    from goldenpath_backstage.actions.action import ActionCall

__all__ = ["PLAN", "PUBLISH"]

_TENANT = {
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
    """Create it. A different request of the same name is refused and stays unchanged."""
    edit: bool = False
    """Edit an existing request: fields that the form does not ask for keep their value."""
    revision: Annotated[str, Field(max_length=64)] | None = None
    """Revision of the request that filled the form. If the request has changed since, the edit is refused."""
    kept: Kept | None = None
    """Sections of the request that the form could not show, such as `network`. If they are empty in the form, they keep their value."""
    upgrade: bool = False
    """Render with the newest version of the golden path instead of the one that the lock pins."""
    overwrite_edits: bool = False
    """Overwrite hand edits of rendered files."""
    allow_removals: Annotated[int, Field(ge=0)] | None = None
    """How many objects the change may remove; by default a few."""


class PlanInput(ChangeInput):
    """The change to plan."""


class PlanOutput(OwnedOutput):
    """The effects of a publish."""

    ready: bool
    """Whether the request can be published unchanged."""
    changed: bool
    """Whether the repository would change."""
    summary: dict[str, Any]
    """Counts of what would change: tenants, workloads, objects, files, findings."""
    obstacles: list[str]
    """Reasons why a publish would be refused."""
    findings: list[FindingOutput]
    """The findings of the checks, worst first."""


class PublishInput(ChangeInput):
    """The change to publish, and its delivery."""

    delivery: Delivery = "commit"
    """`commit` writes to the fleet's branch; `pull-request` opens a review."""
    message: Message | None = None
    """The start of the commit message; by default a generated sentence."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A valid request, ready to be planned or published."""

    state: FleetState
    ref: Ref
    request: Submission
    options: PublishOptions
    guard: Callable[[FleetState], None]


def _change(inputs: ChangeInput, call: ActionCall, *, reviewed: bool, message: str | None) -> _Change:
    """Return the requested change.

    Raises:
        InputError: with every problem.
    """
    state = call.fleet.state(newest=True)
    document = form_document(inputs, state.context)
    revision = inputs.revision
    if inputs.edit:
        document, now = apply_form(state, document, inputs.kept)
        revision = revision or now
    ref = accept_document(state, document).ref
    guard = change_guard(
        call.caller,
        ref,
        wanted=document,
        reviewed=reviewed,
        revision=revision,
        new=inputs.new,
        in_review_of=review_owner(state, ref, call.fleet.repository.store) if reviewed else None,
    )
    options = publish_options(
        call,
        state.context,
        guard=guard,
        message=message,
        upgrade=inputs.upgrade,
        overwrite_edits=inputs.overwrite_edits,
        allow_removals=inputs.allow_removals,
    )
    return _Change(state, ref, Submission(document), options, guard)


def _plan(inputs: PlanInput, call: ActionCall) -> PlanOutput:
    change = _change(inputs, call, reviewed=True, message=None)
    proposal = call.fleet.repository.plan(change.request, options=change.options)
    log_plan(proposal.plan, call)
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
        workload=workload_name(change.ref),
        ready=not (obstacles or proposal.errors),
        changed=bool(proposal.plan),
        summary=proposal.plan.summary,
        obstacles=obstacles,
        findings=report_findings(proposal.plan.all_findings, call),
    )


def _publish(inputs: PublishInput, call: ActionCall) -> ChangeOutput:
    review = review_of(call, inputs.delivery)
    change = _change(inputs, call, reviewed=review is not None, message=inputs.message)
    change.guard(change.state)
    repository = call.fleet.repository
    return deliver(
        change.ref,
        call,
        message=f"Publishing {change.ref.path} to the fleet repository",
        propose=lambda: repository.plan(change.request, options=change.options),
        publish=lambda: repository.publish(change.request, options=change.options, review=review),
    )


PLAN = Action(
    id="goldenpath:plan",
    title="Plan a change of a tenant or workload",
    description=(
        "Shows the changes that a publish of a request would make in the fleet repository, by cluster and object, and "
        "the obstacles. Nothing is written."
    ),
    input=PlanInput,
    output=PlanOutput,
    examples=(Example("Plan a new tenant", _TENANT),),
    effort=Effort.WAITS,
    verb=Verb.READ,
    run=_plan,
)

PUBLISH = Action(
    id="goldenpath:publish",
    title="Publish a tenant or workload",
    description=(
        "Checks a request, renders it and commits the result to the fleet repository, or opens a pull request. "
        "A second publish of the same request makes no second commit, and updates the open pull request."
    ),
    input=PublishInput,
    output=ChangeOutput,
    examples=(
        Example("Commit a new tenant to the fleet's branch", {**_TENANT, "new": True}),
        Example("Commit a new workload of a tenant", {**_WORKLOAD, "new": True}),
        Example("Open a pull request for a new tenant", {**_TENANT, "delivery": "pull-request"}),
        Example(
            "Publish a tenant's edited form",
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
