"""A finding: something that a check has to say about an accepted request or a manifest."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import GoldenpathError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ChecksFailedError", "Finding", "Severity", "once"]

_ON: Final = " on "
"""Between what a finding is about and its cluster: `Tenant vision on berlin`."""


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

    @property
    def is_about_a_cluster(self) -> bool:
        """Whether it is about a fact of the fleet: the same for every tenant on the cluster, and for no file alone."""
        return self.object.startswith("Cluster ") and not self.file

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for programs."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "message": self.message,
            "fix": self.fix,
            "file": self.file,
            "object": self.object,
            "field": self.field,
        }


def once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Each finding once: what is the same on several clusters becomes one finding that names all of them."""
    places: dict[Finding, dict[str, None]] = {}
    for finding in findings:
        about, on, cluster = finding.object.rpartition(_ON)
        key = replace(finding, object=f"{about}{on}") if on and not finding.file else finding
        places.setdefault(key, {})[cluster] = None
    for finding, clusters in places.items():
        is_on = finding.object.endswith(_ON)
        yield replace(finding, object=f"{finding.object}{', '.join(clusters)}") if is_on else finding


class ChecksFailedError(GoldenpathError):
    """An accepted request was refused, since a check has a finding of severity error; ``findings`` are those."""

    exit_code = 1

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))
