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
from goldenpath_backstage.actions.action import OwnedOutput, workload_name
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
    "audit_commit",
    "author_of",
    "deliver",
    "log_plan",
    "publish_options",
    "report_published",
    "review_of",
]

Delivery = Literal["commit", "pull-request"]
Message = Annotated[str, Field(max_length=500)]

_TASK: Final = "Goldenpath-Task"
_NOT_IN_ADDRESSES: Final = re.compile(r"[^a-z0-9._+-]+")


class ChangeOutput(OwnedOutput):
    """The change in the fleet repository."""

    changed: bool
    """Whether the repository had to change."""
    branch: str
    """The branch with the change."""
    commit: str | None = None
    """The commit with the change; without a change, the last commit about the tenant or workload."""
    remoteUrl: str | None = None  # noqa: N815 - as Backstage's own `publish:*` actions call it
    """The web page of the pull request or the commit, if the forge has one."""
    pullRequestNumber: int | None = None  # noqa: N815 - the same
    """The pull request's number."""
    summary: dict[str, Any]
    """Counts of what changed: tenants, workloads, objects, files, findings."""
    entityRef: str  # noqa: N815 - the same
    """The tenant or workload in Backstage's catalog."""


def author_of(caller: Principal, domain: str) -> Person:
    """Return the caller as a commit's author.

    Backstage does not disclose addresses, and a guessed one could belong to another person. So the address is one in
    the fleet's domain that receives no mail.
    """
    name = caller.name.removeprefix("spiffe://").rpartition(":")[2]
    plain = name.removeprefix("default/")
    local = _NOT_IN_ADDRESSES.sub("-", plain.lower()).strip("-.")[:64]
    place = "users" if caller.kind is CallerKind.USER else "services"
    return Person(plain, f"{local}@{place}.noreply.{domain}")


def publish_options(
    call: ActionCall, context: FleetContext, *, guard: Callable[[FleetState], None], **options: Any
) -> PublishOptions:
    """Return the options of a publish, with the caller as author and in the trailers.

    Args:
        call: the run.
        context: the fleet.
        guard: refuses what the caller may not change.
        options: further fields of :class:`~goldenpath.fleet.PublishOptions`.
    """
    trailers = [("Requested-by", call.caller.name)]
    if call.caller.via:
        trailers.append(("Requested-via", call.caller.via))
    if call.task:
        trailers.append((_TASK, _task(call)))
    author = author_of(call.caller, context.spec.domain)
    return PublishOptions(author=author, today=call.today, trailers=tuple(trailers), guard=guard, **options)


def _task(call: ActionCall) -> str:
    return f"{call.task}/{call.step}" if call.step else f"{call.task}"


def review_of(call: ActionCall, delivery: Delivery) -> Review | None:
    """Return where the review is opened; None for a commit on the fleet's branch."""
    return Review(forge=call.fleet.forge) if delivery == "pull-request" else None


def log_plan(plan: Plan, call: ActionCall) -> None:
    """Write the plan to the task's log, as the command line shows it.

    It is one entry, since Backstage writes each entry to its database separately and waits for its disk.
    """
    if text := "\n".join(line.rstrip() for line in plan_text(plan) if line.strip()):
        call.info(text)


def deliver(
    ref: Ref,
    call: ActionCall,
    *,
    message: str,
    propose: Callable[[], Proposal],
    publish: Callable[[], Published],
) -> ChangeOutput:
    """Make a change, or in a dry run only report it.

    Once the publish begins, it is completed even if the caller disconnects.

    Args:
        ref: the tenant or workload.
        call: the run.
        message: logged before the publish.
        propose: plans the change.
        publish: makes the change.

    Raises:
        InputError: in a dry run, with every problem of the plan.
        ChecksFailedError: in a dry run, a finding has the severity error.
    """
    if call.dry_run:
        return _report_dry_run(propose(), ref, call)
    call.info(message)
    call.finish()
    return report_published(publish(), ref, call)


def _report_dry_run(proposal: Proposal, ref: Ref, call: ActionCall) -> ChangeOutput:
    log_plan(proposal.plan, call)
    proposal.check()
    for path, content in proposal.plan.edits.items():
        if content is None:
            call.removed(path)
        else:
            call.file(path, content.text)
    call.info("This was a dry run: nothing was published")
    return ChangeOutput(
        tenant=ref.namespace,
        workload=workload_name(ref),
        changed=bool(proposal.plan),
        branch=call.fleet.repository.store.branch,
        summary=proposal.plan.summary,
        entityRef=ref.entity_ref,
    )


def report_published(published: Published, ref: Ref, call: ActionCall) -> ChangeOutput:
    """Report a change in the log, the audit trail and the output."""
    call.fleet.forget()
    # Without a difference from the fleet's branch, no review branch exists.
    branch = published.branch if published.plan else call.fleet.repository.store.branch
    commit, was_ours = published.commit, published.commit is not None
    if commit is None:
        commit, was_ours = _last_commit(ref, branch, call)
    opened = published.pull_request
    audit_commit(published, ref.path, call)
    log_plan(published.plan, call)
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
        workload=workload_name(ref),
        changed=was_ours,
        branch=branch,
        commit=commit,
        remoteUrl=opened.url if opened else _commit_page(commit, call),
        pullRequestNumber=opened.number if opened else None,
        summary=published.plan.summary,
        entityRef=ref.entity_ref,
    )


def audit_commit(published: Published, subject: str, call: ActionCall) -> None:
    """Record the commit of a change, if it has one, in the audit trail."""
    if published.commit is None:
        return
    opened = published.pull_request
    call.audit.changed(
        call.caller,
        request_id=call.request_id,
        action=call.action,
        tenant=subject,
        task=call.task,
        commit=published.commit,
        pull_request=opened.url if opened else None,
    )


def _commit_page(commit: str | None, call: ActionCall) -> str | None:
    """Return the web page of a commit; None with plain Git, which has no pages."""
    return call.fleet.forge.commit_page(commit) if commit and call.fleet.forge else None


def _last_commit(ref: Ref, branch: str, call: ActionCall) -> tuple[str | None, bool]:
    """Return the last commit about a tenant or workload, and whether this same task step made it before a crash."""
    home = RepositoryPaths(ref, call.fleet.state().context.layout).home
    for commit in call.fleet.repository.store.repository.log(branch_ref(branch), paths=(home,), limit=1):
        return commit.id, bool(call.task) and f"{_TASK}: {_task(call)}" in commit.message.splitlines()
    return None, False
