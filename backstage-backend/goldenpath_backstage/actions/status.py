"""``goldenpath:status``: a tenant as the fleet repository has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from goldenpath_backstage.actions.action import Action, Effort, Example, Input, Output
from goldenpath_backstage.auth.permissions import Verb

if TYPE_CHECKING:
    from goldenpath.fleet.listing import TenantDetail
    from goldenpath_backstage.actions.action import Call

__all__ = ["STATUS"]

_COMMITS = 5


class StatusInput(Input):
    """Which tenant."""

    name: Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    """The tenant."""


class CommitOutput(Output):
    """A commit about the tenant."""

    commit: str
    """Its id."""
    when: str
    """When it was written (ISO 8601)."""
    author: str
    """Who asked for it."""
    subject: str
    """Its first line."""


class StatusOutput(Output):
    """The tenant as the fleet repository has it."""

    tenant: str
    """The tenant's name."""
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


def _status(asked: StatusInput, call: Call) -> StatusOutput:
    detail = call.fleet.repository.tenant(asked.name, commits=_COMMITS)
    for label, value in detail.as_rows():
        call.info(f"{label}: {value}")
    return _output(detail)


def _output(detail: TenantDetail) -> StatusOutput:
    lock = detail.lock
    return StatusOutput(
        tenant=detail.name,
        published=lock is not None,
        owner=lock.owner if lock else None,
        golden_path=lock.exact if lock else None,
        clusters=list(lock.clusters) if lock else [],
        files=len(detail.files),
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
    title="See how a tenant is",
    description="Tells what the fleet repository holds of a tenant: owner, golden path, clusters, and who changed it.",
    input=StatusInput,
    output=StatusOutput,
    examples=(Example("See how a tenant is", {"name": "vision"}),),
    effort=Effort.WAITS,
    verb=Verb.READ,
    run=_status,
)
