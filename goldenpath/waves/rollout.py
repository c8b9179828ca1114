"""The interface of a rollout for the wave runner: an upgrade of a golden path, or a change set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from goldenpath.edits.effects import Effect
from goldenpath.waves.wave_record import WavesRecord

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from goldenpath.fleet import PublishOptions, Review
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.spec.ref import Ref
    from goldenpath.waves.wave_progress import MemberState

__all__ = ["Merged", "Outlook", "Rollout", "RolloutView"]

R = TypeVar("R", bound=WavesRecord)


@dataclass(frozen=True, slots=True)
class Merged:
    """The commit that merged one owner's change into the fleet's branch, and its committer's time."""

    commit: str
    when: dt.datetime


@dataclass(frozen=True, slots=True)
class Outlook:
    """The state of an owner whose change is not merged: pending, waiting or stopped, with the change's worst effect."""

    state: MemberState
    why: str = ""
    effect: Effect = Effect.NONE


class RolloutView(Protocol):
    """A rollout on one state of the fleet."""

    def exists(self, name: str) -> bool:
        """Whether the fleet still has the owner."""

    def owner_of(self, name: str) -> str | None:
        """Return the Backstage group that owns a member."""

    def is_done(self, name: str) -> bool:
        """Whether the fleet's branch has the owner's change."""

    def merge_of(self, name: str) -> Merged | None:
        """Return the commit that merged the owner's change; None if it is not merged."""

    def outlook(self, name: str) -> Outlook:
        """Return the state of an owner whose change is not merged."""


class Rollout(Protocol[R]):
    """A change that the runner carries out in waves."""

    path: str
    """The path of its record in the fleet repository."""
    title: str
    """Its name in commit messages: ``upgrade of tenant/v1 to 1.1.0``."""
    label: str
    """The label of its pull requests."""
    branches: str
    """The prefix of its review branches."""
    resume_command: str
    """The command that resumes it."""
    restart_advice: str
    """How a person starts it again, as the end of a message."""

    def identity(self) -> dict[str, Any]:
        """Return the data that identifies it."""

    def parse(self, text: str) -> R:
        """Parse its record.

        Raises:
            InputError: the record is damaged.
        """

    def ref_of(self, name: str) -> Ref:
        """Return the tenant, workload or platform of a name."""

    def view(self, state: FleetState, record: R) -> RolloutView:
        """Return the rollout on one state of the fleet."""

    def branch(self, wave: str, owner: str) -> str:
        """Return the review branch of one owner's part of a wave; ``owner`` has only characters of a branch name."""

    def publish(
        self, record: R, names: Sequence[str], *, options: PublishOptions, review: Review | None
    ) -> None:
        """Make the change for these owners, in one commit or pull request.

        Raises:
            InputError: one of them is not ready.
            ChecksFailedError: a finding has the severity error.
        """

    def revert(self, record: R, wave: str, *, options: PublishOptions) -> None:
        """Restore the earlier state of a wave's members; members that already have it are skipped."""
