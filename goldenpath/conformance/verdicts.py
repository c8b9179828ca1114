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
    """The verdict of a check. Only ``PASS`` is evidence that a requirement is met."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    SKIP = "skip"
    """The check could not read its source, or an API server alone cannot show the requirement."""


@dataclass(frozen=True, slots=True)
class Look:
    """One request to a cluster or an address, and its answer."""

    command: str
    """A command that sends the same request."""
    when: dt.datetime
    output: str
    """The answer verbatim; a cut answer states the number of characters that are left out."""

    def as_dict(self) -> dict[str, str]:
        return {"command": self.command, "when": self.when.isoformat(), "output": self.output}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of the check of one requirement."""

    requirement: Requirement
    verdict: Verdict
    reason: str
    looks: tuple[Look, ...]
    not_counted: int = 0
    """The number of objects from goldenpath itself, which are no evidence of the platform."""

    def as_dict(self) -> dict[str, Any]:
        return {
            "requirement": self.requirement.id,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "not_counted": self.not_counted,
            "looks": [look.as_dict() for look in self.looks],
        }
