"""A rollout as the wave runner sees it: an upgrade of a golden path, or a change set."""

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
    """The commit with which the fleet's branch got the change of one owner, and its committer's time."""

    commit: str
    when: dt.datetime


@dataclass(frozen=True, slots=True)
class Outlook:
    """What becomes of an owner whose change is not merged: pending, waiting or stopped, and the change's worst effect."""

    state: MemberState
    why: str = ""
    effect: Effect = Effect.NONE


class RolloutView(Protocol):
    """A rollout on one state of the fleet."""

    def is_there(self, name: str) -> bool:
        """Whether the fleet still has the owner."""

    def owner_of(self, name: str) -> str | None:
        """The Backstage group that owns it."""

    def is_done(self, name: str) -> bool:
        """Whether the branch has its change."""

    def merge_of(self, name: str) -> Merged | None:
        """The commit with which the branch got its change; None where it has not."""

    def outlook(self, name: str) -> Outlook:
        """What becomes of it, where the branch has not got its change."""


class Rollout(Protocol[R]):
    """What goes in waves."""

    path: str
    """Its record in the fleet repository."""
    title: str
    """What it is, in commit messages: ``upgrade of tenant/v1 to 1.1.0``."""
    label: str
    """The label of its pull requests."""
    branches: str
    """What the names of its branches for review begin with."""
    goes_on_with: str
    """The command that goes on with it."""
    starts_anew: str
    """How a person starts it anew, as the end of a message."""

    def identity(self) -> dict[str, Any]:
        """What names it, as plain data."""

    def parse(self, text: str) -> R:
        """Its record.

        Raises:
            InputError: the record is damaged.
        """

    def ref_of(self, name: str) -> Ref:
        """What a name stands for."""

    def view(self, state: FleetState, record: R) -> RolloutView:
        """The rollout on one state of the fleet."""

    def branch(self, wave: str, owner: str) -> str:
        """The branch for review of one owner's part of a wave; ``owner`` is made of a branch's characters."""

    def publish(
        self, record: R, names: Sequence[str], *, options: PublishOptions, review: Review | None
    ) -> None:
        """Carry it out for these owners, in one commit or pull request.

        Raises:
            InputError: one of them is not ready.
            ChecksFailedError: a finding of severity error.
        """

    def take_back(self, record: R, wave: str, *, options: PublishOptions) -> None:
        """Give the members of a wave back what they had; those that have it already are left out."""
