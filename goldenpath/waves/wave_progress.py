"""The progress of a change in waves, as values for people and programs."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from goldenpath.waves.owner_health import OwnerHealth

__all__ = ["OPEN_STATES", "MemberProgress", "MemberState", "Progress", "WaveProgress"]


class MemberState(enum.StrEnum):
    """The state of one owner of a wave."""

    PENDING = "pending"
    IN_REVIEW = "in review"
    DONE = "done"
    """The fleet's branch has the owner's change."""
    WAITS = "waits for its owner"
    STOPPED = "stopped"
    NOT_APPLICABLE = "not applicable"
    """The owner needs no change."""
    HELD = "held back"
    """The change has a worse effect than the wave allows."""
    DECLINED = "declined"
    ROLLED_BACK = "rolled back"
    GONE = "gone"


OPEN_STATES = frozenset({MemberState.PENDING, MemberState.IN_REVIEW})
"""States of an owner whose change can still be made without a person's decision."""


@dataclass(frozen=True, slots=True)
class MemberProgress:
    """One owner of a wave."""

    name: str
    state: MemberState
    why: str = ""
    health: OwnerHealth | None = None

    def as_dict(self) -> dict[str, Any]:
        shown = {"name": self.name, "state": self.state.value, "why": self.why}
        if self.health is not None:
            shown |= {"health": self.health.state.value, "health_why": self.health.why}
        return shown


@dataclass(frozen=True, slots=True)
class WaveProgress:
    """One wave; ``soaks_until`` is set once no member is pending or in review."""

    name: str
    members: tuple[MemberProgress, ...]
    soaks_until: dt.datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "soaks_until": self.soaks_until.isoformat() if self.soaks_until else None,
            "members": [member.as_dict() for member in self.members],
        }


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a rollout; ``waits_for`` names the gate that the next wave waits for."""

    identity: Mapping[str, Any]
    """Golden path and version of an upgrade, or the id of a change set."""
    title: str
    """A title for people."""
    phase: str
    waits_for: str
    waves: tuple[WaveProgress, ...]

    @property
    def is_complete(self) -> bool:
        """Whether no member is pending or in review."""
        return not any(member.state in OPEN_STATES for wave in self.waves for member in wave.members)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data of the format ``waves-progress/v1``."""
        return {
            "format": "waves-progress/v1",
            **self.identity,
            "phase": self.phase,
            "waits_for": self.waits_for,
            "complete": self.is_complete,
            "waves": [wave.as_dict() for wave in self.waves],
        }
