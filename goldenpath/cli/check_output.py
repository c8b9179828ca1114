"""The result of a check as text for people, or as JSON."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import click

from goldenpath.cli.input_files import DocumentKind
from goldenpath.cli.problem_output import problem_as_dict
from goldenpath.counts import counted
from goldenpath.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.cli.check_targets import Examination, Located
    from goldenpath.findings import Finding

__all__ = ["as_json", "as_text", "finding_lines"]

_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_WIDTH: Final = max(map(len, Severity))
_LOOKED_AT: Final = {
    DocumentKind.REQUEST: "request",
    DocumentKind.FLEET: "fleet",
    DocumentKind.OBJECT: "object",
}


def as_text(examination: Examination) -> Iterator[str]:
    """Lines for people: the findings by file, and a summary."""
    for source, group in groupby(examination.findings, key=lambda located: located.source):
        yield click.style(source, bold=True)
        for located in group:
            yield from finding_lines(located.finding, source=source, line=located.line)
        yield ""
    yield _summary(examination)


def finding_lines(finding: Finding, *, source: str = "", line: int | None = None) -> Iterator[str]:
    """Lines for people about one finding; ``source`` is the file in the heading, and ``line`` a line in it."""
    severity = click.style(f"{finding.severity:<{_WIDTH}}", fg=_COLOURS[finding.severity], bold=True)
    at = f"line {line}, " if line else ""
    place = " ".join(part for part in (finding.object, finding.field) if part)
    elsewhere = f" in {finding.file}" if finding.file not in ("", source) else ""
    indent = " " * (_WIDTH + 4)
    yield f"  {severity}  {at}{place}{elsewhere} {click.style(f'[{finding.rule}]', dim=True)}"
    yield f"{indent}{finding.message}"
    yield f"{indent}{click.style('Fix:', bold=True)} {finding.fix}"


def _summary(examination: Examination) -> str:
    looked_at = [
        counted(examination.looked_at[kind], word)
        for kind, word in _LOOKED_AT.items()
        if examination.looked_at[kind]
    ]
    severities = [located.finding.severity for located in examination.findings]
    results = [
        counted(severities.count(severity), severity.value) for severity in Severity if severity in severities
    ]
    if examination.problems:
        number = sum(problem.count for problem in examination.problems)
        results.append(counted(number, "problem") + " of the input")
    return f"Checked {', '.join(looked_at) or 'nothing'}: {', '.join(results) or 'clean'}."


def as_json(examination: Examination) -> dict[str, Any]:
    """Plain data: findings, problems and a summary."""
    severities = [located.finding.severity for located in examination.findings]
    return {
        "findings": [_finding_as_dict(located) for located in examination.findings],
        "problems": [problem_as_dict(problem) for problem in examination.problems],
        "summary": {
            **{f"{word}s": examination.looked_at[kind] for kind, word in _LOOKED_AT.items()},
            **{f"{severity.value}s": severities.count(severity) for severity in Severity},
            "problems": sum(problem.count for problem in examination.problems),
            "exit_code": examination.exit_code,
        },
    }


def _finding_as_dict(located: Located) -> dict[str, Any]:
    return {"source": located.source, "line": located.line, **located.finding.as_dict()}
