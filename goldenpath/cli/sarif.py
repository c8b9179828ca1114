"""An examination as SARIF 2.1.0, which code hosts show beside the lines of a pull request.

Names and meaning: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; sections are
given where a choice was made.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from goldenpath.cli.problem_output import line_of_problem
from goldenpath.finding_rules import RULES, help_uri, policies_uri
from goldenpath.findings import Severity
from goldenpath.policies import policies

if TYPE_CHECKING:
    from goldenpath.cli.check_targets import Examination, Located
    from goldenpath.errors import Problem

__all__ = ["as_sarif"]

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def as_sarif(examination: Examination, *, version: str) -> dict[str, Any]:
    """The SARIF log of one run.

    Args:
        examination: what came out.
        version: goldenpath's own.

    """
    results = [*map(_finding_result, examination.findings), *map(_problem_result, examination.problems)]
    rules = list(dict.fromkeys(result["ruleId"] for result in results))
    fixes = {located.finding.rule: located.finding.fix for located in reversed(examination.findings)}
    for result in results:
        result["ruleIndex"] = rules.index(result["ruleId"])
    driver = {
        "name": "goldenpath",
        "version": version,
        "rules": [_rule(rule, fixes.get(rule)) for rule in rules],
    }
    # Section 3.20.14: a run that refused its input did not succeed, whatever it found besides.
    invocation = {"executionSuccessful": not examination.problems, "exitCode": examination.exit_code}
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: str, fix: str | None) -> dict[str, Any]:
    policy = next((policy for policy in policies() if policy.id == rule), None)
    known = RULES.get(rule)
    if policy is not None:
        title, help_text = f"{policy.title}.", f"{policy.why} {policy.fix}"
        uri: str | None = policies_uri(policy.id)
    elif known is not None:
        title, help_text, uri = known.title, known.fix, help_uri(rule)
    else:
        title = f"{rule.replace('/', ': ').replace('-', ' ').capitalize()}."
        help_text, uri = fix or "Change the field as the message says.", None
    described = {"id": rule, "shortDescription": {"text": title}, "help": {"text": help_text}}
    return described | ({"helpUri": uri} if uri else {})


def _finding_result(located: Located) -> dict[str, Any]:
    finding = located.finding
    place = " ".join(part for part in (finding.object, finding.field) if part)
    message = f"{place}: {finding.message}" if place else finding.message
    location = _location(located.source, located.line)
    if finding.object:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.object, "kind": "object"}]
    return {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{message} Fix: {finding.fix}"},
        "locations": [location],
    }


def _problem_result(problem: Problem) -> dict[str, Any]:
    result: dict[str, Any] = {"ruleId": problem.rule, "level": "error", "message": {"text": str(problem)}}
    if problem.file:
        result["locations"] = [_location(problem.file, line_of_problem(problem))]
    return result


def _location(file: str, line: int | None) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
    if line is not None:
        physical["region"] = {"startLine": line}
    return {"physicalLocation": physical}


def _uri(file: str) -> str:
    """Relative to where the command ran, as it was named; absolute names become ``file:`` (section 3.4.3)."""
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
