"""Options of a publish: what the author allows, and the commit message."""

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
    """How a change may be made.

    Args:
        author: who asked for it; the committer otherwise.
        message: the first words of the commit's message, instead of those that say what changes.
        upgrade: take the newest version of each golden path, and not the one that the lock pins.
        overwrite_edits: write over rendered files that were edited by hand.
        allow_removals: how many objects may go; a few, where nothing is said.
        today: the day against which expiry dates are held; without it they are not.
        trailers: what the commit's message says at its end for programs, beside what changes: name and value.
        versions: exact versions to render with, by tenant, workload or platform; they win over the lock's.
        carried_edits: files whose hand edits the published requests say as overrides: to render them loses nothing.
        leave_edited_workloads: leave a workload with hand edits as it is, where it would follow from its tenant.
        approved: the digest of the plan that was approved: another plan is refused.
        guard: is asked with the very state on which the change is made, each time that it is made anew; what it
            raises refuses the change.
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
        """Whether hand edits of a workload keep it as it is; to write over them is another wish."""
        return self.leave_edited_workloads and not self.overwrite_edits
