"""A finding: something that a check has to say about an accepted request or a manifest."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["Finding", "Severity"]


class Severity(enum.StrEnum):
    """How much a finding weighs; only ``ERROR`` makes ``goldenpath check`` exit with 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """Worst first: 0 for an error."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """``rule`` is a stable id; ``object`` reads ``Kind namespace/name``; ``field`` is a path inside it."""

    file: str
    object: str
    field: str
    rule: str
    severity: Severity
    message: str
    fix: str

    def __str__(self) -> str:
        place = " ".join(part for part in (self.object, self.field) if part)
        return f"{self.severity}: {place or self.file}: {self.message} [{self.rule}] Fix: {self.fix}"
