"""Options of a publish: permissions, versions, and the commit message."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.git import Person
    from goldenpath.spec.ref import Ref

__all__ = ["PublishOptions"]


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """Options of a publish.

    Args:
        author: the author of the commit; by default the committer.
        message: the first words of the commit message; by default a summary of the plan.
        upgrade: use the newest version of each golden path, instead of the version in the lock.
        overwrite_edits: overwrite rendered files that were edited by hand.
        allow_removals: the number of objects that may be removed; by default, a few.
        today: the day to compare expiry dates with; None skips that comparison.
        trailers: further trailers of the commit message, as name and value.
        versions: exact versions by tenant, workload or platform. They take precedence over locks.
        carried_edits: files whose hand edits are overrides in the published requests, so that no edit is lost.
        leave_edited_workloads: leave a workload with hand edits as it is when its tenant changes.
        approved: the digest of the approved plan. Another plan is refused.
        guard: is called with each state on which the change is computed. Its error refuses the change.
    """

    author: Person | None = None
    message: str | None = None
    upgrade: bool = False
    overwrite_edits: bool = False
    allow_removals: int | None = None
    today: dt.date | None = None
    trailers: tuple[tuple[str, str], ...] = ()
    versions: Mapping[Ref, str] = field(default_factory=dict)
    carried_edits: frozenset[str] = frozenset()
    leave_edited_workloads: bool = False
    approved: str | None = None
    guard: Callable[[FleetState], None] | None = None

    @property
    def leaves_edited_workloads(self) -> bool:
        """Whether a workload with hand edits stays as it is. ``overwrite_edits`` takes precedence."""
        return self.leave_edited_workloads and not self.overwrite_edits
