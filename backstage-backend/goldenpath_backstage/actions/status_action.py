"""``goldenpath:status``: a tenant as the fleet repository has it, and as it is on its clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.changes import change_sets_of
from goldenpath.spec.ref import Ref
from goldenpath_backstage.actions.action import Action, Effort, Example, Input, Output, OwnedName
from goldenpath_backstage.actions.live_status import live_status
from goldenpath_backstage.auth.permissions import Verb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.fleet.request_detail import RequestDetail
    from goldenpath_backstage.actions.action import ActionCall

__all__ = ["STATUS"]

_COMMITS = 5


class StatusInput(Input):
    """Which tenant or workload."""

    name: OwnedName
    """The tenant, or a workload as `<tenant>/<workload>`."""
    live: bool = False
    """Look at its clusters too: Flux and drift; for a tenant also quota, accelerators, queue, identities, scalers."""


class CommitOutput(Output):
    """A commit about the tenant or workload."""

    commit: str
    """Its id."""
    when: str
    """When it was written (ISO 8601)."""
    author: str
    """Who asked for it."""
    subject: str
    """Its first line."""


class ChangeSetSummary(Output):
    """A change of many requests, this one among them."""

    id: str
    """Its id."""
    state: str
    """`open`, `merged`, `partly undone` or `undone`."""
    reason: str
    """Why."""
    author: str
    """Who asked for it."""
    when: str
    """When it was written (ISO 8601)."""
    requests: int
    """How many requests it touches."""
    branch: str | None = None
    """The branch for review of an open one."""


class StatusOutput(Output):
    """The tenant or workload as the fleet repository has it."""

    tenant: str
    """The tenant's name."""
    workload: str | None = None
    """The workload's name; left out for a tenant."""
    workloads: list[str] | None = None
    """Names of a tenant's workloads."""
    published: bool
    """Whether its manifests were rendered."""
    owner: str | None = None
    """The group that owns it."""
    golden_path: str | None = None
    """Golden path and exact version."""
    clusters: list[str]
    """Its clusters."""
    files: int
    """How many files it has."""
    history: list[CommitOutput]
    """The last commits about it, newest first."""
    changeSets: list[ChangeSetSummary]  # noqa: N815 - as Backstage writes names
    """The change sets that touch it: open ones first, then the newest."""
    healthy: bool | None = None
    """Whether all is well on its clusters; not said where they were not looked at."""
    live: list[dict[str, Any]] | None = None
    """How it is on each of its clusters, as `goldenpath status --format json` tells it."""


def _status(asked: StatusInput, call: ActionCall) -> StatusOutput:
    detail = call.fleet.repository.tenant(asked.name, commits=_COMMITS)
    for label, value in detail.as_rows():
        call.info(f"{label}: {value}")
    output = _output(detail, tuple(_change_sets(asked.name, call)))
    for each in output.changeSets:
        call.info(f"change set {each.id}, {each.state}: {each.reason} ({each.author}, {each.when[:10]})")
    if not asked.live:
        return output
    seen = live_status(asked.name, call)
    return output.model_copy(
        update={
            "healthy": all(each.fine for each in seen),
            "live": [part.as_dict() for each in seen for part in each.parts],
        }
    )


def _change_sets(name: str, call: ActionCall) -> Iterator[ChangeSetSummary]:
    """The change sets that touch it, the first of them."""
    for each in change_sets_of(call.fleet.repository, call.fleet.state(), Ref.parse(name))[:_COMMITS]:
        last = each.commits[-1]
        yield ChangeSetSummary(
            id=each.id,
            state=each.state,
            reason=each.reason,
            author=last.author.name,
            when=last.written.isoformat(),
            requests=len(each.requests),
            branch=each.branch,
        )


def _output(detail: RequestDetail, sets: Sequence[ChangeSetSummary]) -> StatusOutput:
    lock, ref = detail.lock, Ref.parse(detail.name)
    is_workload = ref.parent is not None
    return StatusOutput(
        tenant=ref.namespace,
        workload=ref.name if is_workload else None,
        workloads=None if is_workload else list(detail.workloads),
        published=lock is not None,
        owner=lock.owner if lock else None,
        golden_path=lock.exact if lock else None,
        clusters=list(lock.clusters) if lock else [],
        files=len(detail.files),
        changeSets=list(sets),
        history=[
            CommitOutput(
                commit=each.id,
                when=each.written.isoformat(),
                author=each.author.name,
                subject=each.message.partition("\n")[0],
            )
            for each in detail.history
        ],
    )


STATUS = Action(
    id="goldenpath:status",
    title="See how a tenant or workload is",
    description=(
        "Shows a tenant or workload as the fleet repository has it: owner, golden path, clusters, and who changed it. Where "
        "the backend can reach the clusters, it shows the state on each of them too."
    ),
    input=StatusInput,
    output=StatusOutput,
    examples=(
        Example("Show a tenant as the repository has it", {"name": "vision"}),
        Example("Show a workload", {"name": "vision/chat"}),
        Example("See how a tenant is on its clusters", {"name": "vision", "live": True}),
    ),
    effort=Effort.WAITS,
    verb=Verb.READ,
    run=_status,
)
