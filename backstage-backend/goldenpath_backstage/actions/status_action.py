"""``goldenpath:status``: a tenant or workload in the fleet repository and on its clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.changes import change_sets_of
from goldenpath.spec.ref import Ref
from goldenpath_backstage.actions.action import (
    Action,
    Effort,
    Example,
    Input,
    Output,
    OwnedName,
    OwnedOutput,
    workload_name,
)
from goldenpath_backstage.actions.live_status import live_status
from goldenpath_backstage.auth.permissions import Verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.fleet.request_detail import RequestDetail
    from goldenpath_backstage.actions.action import ActionCall

__all__ = ["STATUS"]

_COMMITS = 5


class StatusInput(Input):
    """The tenant or workload."""

    name: OwnedName
    """The tenant, or a workload as `<tenant>/<workload>`."""
    live: bool = False
    """Read its clusters too: Flux and drift; for a tenant also quota, accelerators, queue, identities, scalers."""


class CommitOutput(Output):
    """A commit that changed the tenant or workload."""

    commit: str
    """The commit's id."""
    when: str
    """The commit's time (ISO 8601)."""
    author: str
    """The commit's author."""
    subject: str
    """The first line of the message."""


class ChangeSetSummary(Output):
    """A change of many requests that includes this one."""

    id: str
    """The change set's id."""
    state: str
    """`open`, `merged`, `partly undone` or `undone`."""
    reason: str
    """The reason."""
    author: str
    """The author."""
    when: str
    """The time of its last commit (ISO 8601)."""
    requests: int
    """The number of requests that it changes."""
    branch: str | None = None
    """The review branch of an open change set."""


class StatusOutput(OwnedOutput):
    """The status of a tenant or workload."""

    workloads: list[str] | None = None
    """Names of a tenant's workloads."""
    published: bool
    """Whether manifests were rendered."""
    owner: str | None = None
    """The group that owns it."""
    golden_path: str | None = None
    """Golden path and exact version."""
    clusters: list[str]
    """The clusters."""
    files: int
    """The number of files."""
    history: list[CommitOutput]
    """The last commits, newest first."""
    changeSets: list[ChangeSetSummary]  # noqa: N815 - as Backstage writes names
    """The change sets that include it: open ones first, then the newest."""
    healthy: bool | None = None
    """Whether it is healthy on all of its clusters; left out without `live`."""
    live: list[dict[str, Any]] | None = None
    """The status on each cluster, as `goldenpath status --format json` shows it; left out without `live`."""


def _status(inputs: StatusInput, call: ActionCall) -> StatusOutput:
    detail = call.fleet.repository.tenant(inputs.name, commits=_COMMITS)
    for label, value in detail.as_rows():
        call.info(f"{label}: {value}")
    output = _output(detail, list(_change_sets(inputs.name, call)))
    for change in output.changeSets:
        call.info(
            f"change set {change.id}, {change.state}: {change.reason} ({change.author}, {change.when[:10]})"
        )
    if not inputs.live:
        return output
    seen = live_status(inputs.name, call)
    return output.model_copy(
        update={
            "healthy": all(each.fine for each in seen),
            "live": [part.as_dict() for each in seen for part in each.parts],
        }
    )


def _change_sets(name: str, call: ActionCall) -> Iterator[ChangeSetSummary]:
    for change in change_sets_of(call.fleet.repository, call.fleet.state(), Ref.parse(name))[:_COMMITS]:
        last = change.commits[-1]
        yield ChangeSetSummary(
            id=change.id,
            state=change.state,
            reason=change.reason,
            author=last.author.name,
            when=last.written.isoformat(),
            requests=len(change.requests),
            branch=change.branch,
        )


def _output(detail: RequestDetail, change_sets: list[ChangeSetSummary]) -> StatusOutput:
    lock, ref = detail.lock, Ref.parse(detail.name)
    return StatusOutput(
        tenant=ref.namespace,
        workload=workload_name(ref),
        workloads=None if ref.parent is not None else list(detail.workloads),
        published=lock is not None,
        owner=lock.owner if lock else None,
        golden_path=lock.exact if lock else None,
        clusters=list(lock.clusters) if lock else [],
        files=len(detail.files),
        changeSets=change_sets,
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
    title="Show the status of a tenant or workload",
    description=(
        "Shows a tenant or workload in the fleet repository: owner, golden path, clusters and history. With `live`, it also "
        "shows the status on each cluster, if the backend can reach the clusters."
    ),
    input=StatusInput,
    output=StatusOutput,
    examples=(
        Example("Show a tenant in the fleet repository", {"name": "vision"}),
        Example("Show a workload", {"name": "vision/chat"}),
        Example("Show a tenant with its status on each cluster", {"name": "vision", "live": True}),
    ),
    effort=Effort.WAITS,
    verb=Verb.READ,
    run=_status,
)
