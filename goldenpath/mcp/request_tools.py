"""Tools for a request that an assistant wrote: render, check, plan and publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field

from goldenpath.errors import InputError, Problem
from goldenpath.findings import Severity
from goldenpath.fleet import PublishOptions
from goldenpath.fleet.request_lookup import tenants_of
from goldenpath.mcp.answers import AnswerSource, bounded
from goldenpath.mcp.tool import RequestInput, Tool, submission_of
from goldenpath.pipeline import parent_of

if TYPE_CHECKING:
    from goldenpath.mcp.desk import Desk

__all__ = ["CHECK", "PLAN", "PUBLISH", "RENDER"]

_MOST_FINDINGS: Final = 200
_MAX_RENDERED_CHARS: Final = 400_000
"""The limit of rendered text in one answer."""


class RenderInput(RequestInput):
    """The request to render, and the cluster."""

    cluster: Annotated[str, Field(max_length=63)] | None = None
    """Render only for this cluster; otherwise for all clusters of the request."""


def _render(desk: Desk, asked: RenderInput) -> dict[str, Any]:
    state, request = desk.state(), submission_of(asked)
    tenants = tenants_of(state)
    spec = state.context.parse(request.document, "request", tenants=tenants)
    rendered = state.context.pipeline.render(spec, cluster=asked.cluster, parent=parent_of(spec, tenants))
    files, left_out, chars = [], [], 0
    for file in rendered.files:
        chars += len(file.text)
        if chars > _MAX_RENDERED_CHARS:
            left_out.append(file.path)
        else:
            files.append({"path": file.path, "text": file.text})
    return {"files": files, "left_out": left_out}


def _check(desk: Desk, asked: RequestInput) -> dict[str, Any]:
    state, request = desk.state(), submission_of(asked)
    tenants = tenants_of(state)
    spec = state.context.parse(request.document, "request", tenants=tenants)
    found = state.context.pipeline.check(spec, today=desk.today, parent=parent_of(spec, tenants))
    passed = all(finding.severity is not Severity.ERROR for finding in found)
    return {"passed": passed, "findings": bounded([each.as_dict() for each in found], _MOST_FINDINGS)}


def _plan(desk: Desk, asked: RequestInput) -> dict[str, Any]:
    proposal = desk.fleet.plan(submission_of(asked), options=PublishOptions(today=desk.today))
    return {
        "ready": not proposal.problems and not proposal.errors,
        "digest": proposal.plan.digest,
        "plan": proposal.plan.as_dict(),
        "problems": [str(problem) for problem in proposal.problems],
    }


class PublishInput(RequestInput):
    """The request to publish, and the approved plan."""

    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    """Digest from `plan`, of the plan that a person has read and approved. Any other plan is refused."""
    message: Annotated[str, Field(max_length=500)] | None = None
    """Start of the commit message."""


def _publish(desk: Desk, asked: PublishInput) -> dict[str, Any]:
    try:
        published = desk.propose(submission_of(asked), asked.digest, asked.message)
    except InputError as error:
        raise InputError(map(_at_argument, error.problems)) from None
    opened = published.pull_request
    return {
        "changed": published.commit is not None,
        "branch": published.branch,
        "commit": published.commit,
        "pull_request": None if opened is None else {"number": opened.number, "url": opened.url},
        "warnings": list(opened.warnings) if opened else [],
        "digest": published.plan.digest,
    }


def _at_argument(problem: Problem) -> Problem:
    """Name the tool's argument in a problem with the digest, and not the option of the command line."""
    if problem.rule != "not-approved":
        return problem
    return Problem("digest", problem.rule, problem.message, problem.value)


RENDER: Final = Tool(
    name="render",
    title="Render a request",
    description="Renders the manifests of a request as a publish would commit them. Writes nothing.",
    input=RenderInput,
    source=AnswerSource.REQUEST,
    run=_render,
)
CHECK: Final = Tool(
    name="check",
    title="Check a request",
    description=(
        "Renders a request and checks it: schemas, policies, quota, capacity and identities. Each finding names its "
        "rule and the fix. A request that cannot be accepted is refused with every problem at once."
    ),
    input=RequestInput,
    source=AnswerSource.REQUEST,
    run=_check,
)
PLAN: Final = Tool(
    name="plan",
    title="Plan a change",
    description=(
        "Shows what a publish of a request would change, by cluster and object, the problems that block it, and the "
        "digest of exactly this plan. Show the plan to a person before `publish`. Writes nothing."
    ),
    input=RequestInput,
    source=AnswerSource.REQUEST,
    run=_plan,
)
PUBLISH: Final = Tool(
    name="publish",
    title="Open a pull request",
    description=(
        "Opens a pull request of the fleet repository, or brings it up to date. A person merges it. `digest` names "
        "the plan that a person approved: if the repository or the request has changed since, the tool writes nothing."
    ),
    input=PublishInput,
    source=AnswerSource.REQUEST,
    run=_publish,
    changes=True,
)
