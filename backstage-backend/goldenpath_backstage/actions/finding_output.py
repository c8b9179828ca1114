"""Findings of the checks, as an output and as lines of a log."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final, Literal

from goldenpath.findings import Severity
from goldenpath_backstage.actions.action import Output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.findings import Finding
    from goldenpath_backstage.actions.action import ActionCall

__all__ = ["FindingOutput", "report_findings"]

_LOG_WIDTH: Final = 76
"""What Backstage shows of a line of a task's log in a window of 1280 pixels; it breaks no lines itself."""


class FindingOutput(Output):
    """Something that a check has to say."""

    rule: str
    """Stable id of the rule."""
    severity: Literal["error", "warning", "note"]
    """How much it weighs."""
    file: str
    """File in the fleet repository."""
    object: str
    """Kind, namespace and name of the object."""
    field: str
    """Field in it."""
    message: str
    """What is so."""
    fix: str
    """What to do about it."""


def report_findings(found: Iterable[Finding], call: ActionCall) -> list[FindingOutput]:
    """Each finding in the task's log, broken into lines, and all of them as an output."""
    outputs = []
    for finding in found:
        say = call.info if finding.severity is Severity.NOTE else call.warn
        lines = textwrap.wrap(
            str(finding), _LOG_WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
        say("\n".join(lines))
        outputs.append(
            FindingOutput(
                rule=finding.rule,
                severity=finding.severity.value,
                file=finding.file,
                object=finding.object,
                field=finding.field,
                message=finding.message,
                fix=finding.fix,
            )
        )
    return outputs
