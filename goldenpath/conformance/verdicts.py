"""The verdict of a check, and its evidence."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt

    from goldenpath.conformance.requirements import Requirement

__all__ = ["CheckResult", "Look", "Verdict"]


class Verdict(enum.StrEnum):
    """What a check says. Only ``PASS`` is evidence that a requirement is met."""

    PASS = "pass"  # noqa: S105 - a verdict, and no password
    FAIL = "fail"
    SKIP = "skip"
    """It could not look, or an API server alone cannot show it."""


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was asked, and the answer as it came."""

    command: str
    """By which anybody can ask the same."""
    when: dt.datetime
    output: str
    """Verbatim; cut where it is very long, and then it says so."""

    def as_dict(self) -> dict[str, str]:
        """Plain data for programs."""
        return {"command": self.command, "when": self.when.isoformat(), "output": self.output}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was found out about one requirement."""

    requirement: Requirement
    verdict: Verdict
    reason: str
    looks: tuple[Look, ...]
    not_counted: int = 0
    """Objects that goldenpath put on the cluster itself: no evidence of the platform."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "requirement": self.requirement.id,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "not_counted": self.not_counted,
            "looks": [look.as_dict() for look in self.looks],
        }
