"""Findings: the results of checks on a valid request or a manifest."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import GoldenpathError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ChecksFailedError", "Finding", "Severity", "merge_equal_findings"]

_ON: Final = " on "
"""Separates the subject of a finding from its cluster: `Tenant vision on berlin`."""


class Severity(enum.StrEnum):
    """The severity of a finding; only ``ERROR`` makes ``goldenpath check`` exit with 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """The position in the order, worst first: 0 for an error."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A result of a check. ``rule`` is a stable id, ``object`` is ``Kind namespace/name``, ``field`` is a path in it."""

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
        """Whether it concerns a cluster of the fleet, and so is the same for every tenant on the cluster."""
        return self.object.startswith("Cluster ") and not self.file

    def as_dict(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "message": self.message,
            "fix": self.fix,
            "file": self.file,
            "object": self.object,
            "field": self.field,
        }


def merge_equal_findings(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield each finding once. Findings that differ only in the cluster become one that names all clusters."""
    places: dict[Finding, dict[str, None]] = {}
    for finding in findings:
        subject, on, cluster = finding.object.rpartition(_ON)
        key = replace(finding, object=f"{subject}{on}") if on and not finding.file else finding
        places.setdefault(key, {})[cluster] = None
    for finding, clusters in places.items():
        is_on = finding.object.endswith(_ON)
        yield replace(finding, object=f"{finding.object}{', '.join(clusters)}") if is_on else finding


class ChecksFailedError(GoldenpathError):
    """A valid request is refused, since checks have findings with the severity error, which are ``findings``."""

    exit_code = 1

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))
