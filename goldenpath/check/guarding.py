"""A check that fails itself is a finding: it must not hide what others found, nor pass for one that found nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import shown
from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["FAILED", "guarded"]

FAILED = "check-failed"


def guarded(findings: Iterable[Finding], subject: object, file: str = "") -> Iterator[Finding]:
    """The findings, and one more about the subject where the check that gives them fails."""
    try:
        yield from findings
    except Exception as error:  # noqa: BLE001 - whatever it is, the other objects are checked
        yield Finding(
            file=file,
            object=str(subject),
            field="",
            rule=FAILED,
            severity=Severity.ERROR,
            message=f"goldenpath could not check this: {type(error).__name__} {shown(str(error))}",
            fix="Report this as a defect of goldenpath, with the object.",
        )
