"""Turns the failure of a check into a finding, so that the failure hides no other finding and is not silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import shown
from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["FAILED", "guarded"]

FAILED = "check-failed"


def guarded(findings: Iterable[Finding], subject: object, file: str = "") -> Iterator[Finding]:
    """Yield the findings, and one more about the subject if the check raises an exception."""
    try:
        yield from findings
    except Exception as error:  # noqa: BLE001 - after any error, the other objects are still checked
        yield Finding(
            file=file,
            object=str(subject),
            field="",
            rule=FAILED,
            severity=Severity.ERROR,
            message=f"goldenpath could not check the object: {type(error).__name__} {shown(str(error))}",
            fix="Report a defect of goldenpath, with the object.",
        )
