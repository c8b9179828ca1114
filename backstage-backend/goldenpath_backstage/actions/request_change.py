"""Shared by the actions that change the repository: the author, the delivery and the report."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field

from goldenpath.fleet import PublishOptions, Review
from goldenpath.git import Person
from goldenpath.git.path_names import branch_ref
from goldenpath.repository.plan_text import plan_text
from goldenpath.tenancy import RepositoryPaths
from goldenpath_backstage.actions.action import Output
from goldenpath_backstage.auth.principal import CallerKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.fleet import Proposal, Published
    from goldenpath.fleet.fleet_context import FleetContext
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.repository.publish_plan import Plan
    from goldenpath.spec.ref import Ref
    from goldenpath_backstage.actions.action import ActionCall
    from goldenpath_backstage.auth.principal import Principal

__all__ = [
    "ChangeOutput",
    "Delivery",
    "Message",
    "author_of",
    "in_dry_run",
    "publish_options_of",
    "review_of",
    "tell_plan",
    "what_was_done",
]

Delivery = Literal["commit", "pull-request"]
Message = Annotated[str, Field(max_length=500)]

_TASK: Final = "Goldenpath-Task"
_NOT_IN_ADDRESSES: Final = re.compile(r"[^a-z0-9._+-]+")


class ChangeOutput(Output):
    """What was done to the fleet repository."""

    tenant: str
    """The tenant's name."""
    workload: str | None = None
    """The workload's name; left out for a tenant."""
    changed: bool
    """Whether there was anything to do."""
    branch: str
    """The branch with the change."""
    commit: str | None = None
    """The commit that holds it; the last one about it where nothing had to change."""
    remoteUrl: str | None = None  # noqa: N815 - as Backstage's own `publish:*` actions call it
    """Where people look at it: the pull request, or else the commit, where the forge has a page for it."""
    pullRequestNumber: int | None = None  # noqa: N815 - the same
    """The pull request's number."""
    summary: dict[str, Any]
    """Counts of what changed: tenants, workloads, objects, files, findings."""
    entityRef: str  # noqa: N815 - the same
    """The tenant or workload in Backstage's catalog."""


def author_of(caller: Principal, domain: str) -> Person:
    """The person or program, as a commit names its author.

    Backstage does not tell addresses, and a commit must not carry one that might belong to another person: so it is one of
    the fleet's domain that takes no mail.
    """
    name = caller.name.removeprefix("spiffe://").rpartition(":")[2]
    plain = name.removeprefix("default/")
    local = _NOT_IN_ADDRESSES.sub("-", plain.lower()).strip("-.")[:64]
    place = "users" if caller.kind is CallerKind.USER else "services"
    return Person(plain, f"{local}@{place}.noreply.{domain}")


def publish_options_of(
    call: ActionCall,
    context: FleetContext,
    *,
    guard: Callable[[FleetState], None],
    message: str | None = None,
    upgrade: bool = False,
    overwrite_edits: bool = False,
    allow_removals: int | None = None,
    approved: str | None = None,
) -> PublishOptions:
    """The terms of a change that a caller asks for through us."""
    trailers = [("Requested-by", call.caller.name)]
    if call.caller.via:
        trailers.append(("Requested-via", call.caller.via))
    if call.task:
        trailers.append((_TASK, _task(call)))
    return PublishOptions(
        author=author_of(call.caller, context.spec.domain),
        message=message,
        upgrade=upgrade,
        overwrite_edits=overwrite_edits,
        allow_removals=allow_removals,
        approved=approved,
        today=call.today,
        trailers=tuple(trailers),
        guard=guard,
    )


def _task(call: ActionCall) -> str:
    return f"{call.task}/{call.step}" if call.step else f"{call.task}"


def review_of(call: ActionCall, delivery: Delivery) -> Review | None:
    """How the change is put up for review; None where it goes to the branch itself."""
    return Review(forge=call.fleet.forge) if delivery == "pull-request" else None


def tell_plan(plan: Plan, call: ActionCall) -> None:
    """The plan in the task's log, as the command line shows it.

    In one entry: Backstage writes each to its database by itself, and waits for its disk.
    """
    if text := "\n".join(line.rstrip() for line in plan_text(plan) if line.strip()):
        call.info(text)


def in_dry_run(proposal: Proposal, ref: Ref, call: ActionCall) -> ChangeOutput:
    """What would be done: the plan in the log, and the files as they would be.

    Raises:
        InputError: something stands in the way; every problem.
        ChecksFailedError: a finding of severity error.
    """
    tell_plan(proposal.plan, call)
    proposal.check()
    for path, content in proposal.plan.edits.items():
        if content is None:
            call.removed(path)
        else:
            call.file(path, content.text)
    call.info("This was a dry run: nothing was published")
    return ChangeOutput(
        tenant=ref.namespace,
        workload=_workload(ref),
        changed=bool(proposal.plan),
        branch=call.fleet.repository.store.branch,
        summary=proposal.plan.summary,
        entityRef=ref.entity_ref,
    )


def what_was_done(published: Published, ref: Ref, call: ActionCall) -> ChangeOutput:
    """What a change has become, in the log, the audit trail and the outputs."""
    call.fleet.forget()
    # Where nothing differs from the fleet's branch, there is none for review, and what counts is on the former.
    branch = published.branch if published.plan else call.fleet.repository.store.branch
    commit, was_ours = published.commit, published.commit is not None
    if commit is None:
        commit, was_ours = _last_commit(ref, branch, call)
    opened = published.pull_request
    if published.commit is not None:
        call.audit.changed(
            call.caller,
            request_id=call.request_id,
            action=call.action,
            tenant=ref.path,
            task=call.task,
            commit=commit,
            pull_request=opened.url if opened else None,
        )
    tell_plan(published.plan, call)
    for warning in opened.warnings if opened else ():
        call.warn(warning)
    if opened:
        call.info(f"Pull request {opened.number}: {opened.url}")
    elif published.commit:
        call.info(f"Commit {commit} on {branch}")
    else:
        call.info("Nothing had to change")
    return ChangeOutput(
        tenant=ref.namespace,
        workload=_workload(ref),
        changed=was_ours,
        branch=branch,
        commit=commit,
        remoteUrl=opened.url if opened else _page_of(commit, call),
        pullRequestNumber=opened.number if opened else None,
        summary=published.plan.summary,
        entityRef=ref.entity_ref,
    )


def _page_of(commit: str | None, call: ActionCall) -> str | None:
    """The web page of a commit; None with plain Git, which has no pages."""
    return call.fleet.forge.commit_page(commit) if commit and call.fleet.forge else None


def _last_commit(ref: Ref, branch: str, call: ActionCall) -> tuple[str | None, bool]:
    """The last commit about a tenant or workload, and whether this very step made it, before a process died."""
    home = RepositoryPaths(ref, call.fleet.state().context.layout).home
    for commit in call.fleet.repository.store.repository.log(branch_ref(branch), paths=(home,), limit=1):
        return commit.id, bool(call.task) and f"{_TASK}: {_task(call)}" in commit.message.splitlines()
    return None, False


def _workload(ref: Ref) -> str | None:
    return None if ref.parent is None else ref.name
