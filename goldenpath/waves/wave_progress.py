"""The progress of a change in waves, as values for people and programs."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from goldenpath.waves.owner_health import OwnerHealth

__all__ = ["MemberProgress", "MemberState", "Progress", "WaveProgress"]


class MemberState(enum.StrEnum):
    """Where one owner of a wave is."""

    PENDING = "pending"
    IN_REVIEW = "in review"
    DONE = "done"
    """The fleet's branch has its change."""
    WAITS = "waits for its owner"
    STOPPED = "stopped"
    NOT_APPLICABLE = "not applicable"
    """There is nothing to change."""
    HELD = "held back"
    """Its change has a worse effect than the wave allows."""
    DECLINED = "declined"
    ROLLED_BACK = "rolled back"
    GONE = "gone"


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
    """One wave; ``soaks_until`` is set where it is merged as far as it can be."""

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
    """A whole rollout, and in one sentence what it waits for."""

    identity: Mapping[str, Any]
    """What it is, as plain data: golden path and version, or the id of a change set."""
    title: str
    """What it is, in words."""
    phase: str
    waits_for: str
    waves: tuple[WaveProgress, ...]

    @property
    def is_complete(self) -> bool:
        """Whether no owner is left whose change could be made without a person."""
        open_states = {MemberState.PENDING, MemberState.IN_REVIEW}
        return not any(member.state in open_states for wave in self.waves for member in wave.members)

    def as_dict(self) -> dict[str, Any]:
        """Plain data of the format ``waves-progress/v1``."""
        return {
            "format": "waves-progress/v1",
            **self.identity,
            "phase": self.phase,
            "waits_for": self.waits_for,
            "complete": self.is_complete,
            "waves": [wave.as_dict() for wave in self.waves],
        }
