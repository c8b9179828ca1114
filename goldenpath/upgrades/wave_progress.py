"""How far an upgrade in waves is: values for people and programs."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt

    from goldenpath.upgrades.owner_health import OwnerHealth

__all__ = ["MemberProgress", "MemberState", "Progress", "WaveProgress"]


class MemberState(enum.StrEnum):
    """Where one owner of a wave is."""

    PENDING = "pending"
    IN_REVIEW = "in review"
    UPGRADED = "upgraded"
    WAITS = "waits for its owner"
    STOPPED = "stopped"
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
        """Plain data."""
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
        """Plain data."""
        return {
            "name": self.name,
            "soaks_until": self.soaks_until.isoformat() if self.soaks_until else None,
            "members": [member.as_dict() for member in self.members],
        }


@dataclass(frozen=True, slots=True)
class Progress:
    """A whole upgrade, and in one sentence what it waits for."""

    golden_path: str
    version: str
    phase: str
    waits_for: str
    waves: tuple[WaveProgress, ...]

    @property
    def is_complete(self) -> bool:
        """Whether no owner is left that an upgrade without a person could bring further."""
        open_states = {MemberState.PENDING, MemberState.IN_REVIEW}
        return not any(member.state in open_states for wave in self.waves for member in wave.members)

    def as_dict(self) -> dict[str, Any]:
        """Plain data of the format ``upgrade-progress/v1``."""
        return {
            "format": "upgrade-progress/v1",
            "golden_path": self.golden_path,
            "version": self.version,
            "phase": self.phase,
            "waits_for": self.waits_for,
            "complete": self.is_complete,
            "waves": [wave.as_dict() for wave in self.waves],
        }
