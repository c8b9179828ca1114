"""Findings of the checks, as an output and as lines of the task's log."""

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
"""Backstage shows so many characters of a log line in a window of 1280 pixels, and wraps no lines."""


class FindingOutput(Output):
    """A finding of a check."""

    rule: str
    """Stable id of the rule."""
    severity: Literal["error", "warning", "note"]
    """The severity."""
    file: str
    """File in the fleet repository."""
    object: str
    """Kind, namespace and name of the object."""
    field: str
    """Field in the object."""
    message: str
    """What the check found."""
    fix: str
    """How to fix it."""


def report_findings(found: Iterable[Finding], call: ActionCall) -> list[FindingOutput]:
    """Log each finding, wrapped into lines, and return all of them as outputs."""
    outputs = []
    for finding in found:
        say = call.info if finding.severity is Severity.NOTE else call.warn
        lines = textwrap.wrap(
            str(finding), _LOG_WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
        say("\n".join(lines))
        outputs.append(FindingOutput(**finding.as_dict()))
    return outputs
