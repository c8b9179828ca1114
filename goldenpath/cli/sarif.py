"""The result of a check as SARIF 2.1.0, which code hosts show at the lines of a pull request.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; comments name the section of a choice.

GitHub accepts 25,000 results of a run and 1,000 places of each, and shows 5,000 and 100 of them (docs.github.com, "SARIF
results exceed one or more limits", read in November 2026). GitLab drops a result without a file. So the log has one run,
every result has a file, and too many results are merged into one for each rule and owner.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from goldenpath import names
from goldenpath.cli.problem_output import line_of_problem
from goldenpath.finding_rules import RULES, help_uri, policies_uri
from goldenpath.findings import Severity
from goldenpath.policies import policies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.cli.check_targets import Examination, Located
    from goldenpath.errors import Problem

__all__ = ["as_sarif"]

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_MAX_RESULTS: Final = 5_000
_MAX_PLACES: Final = 100
_OWNER: Final = re.compile(
    r"(?:.*/)?(?:tenants|clusters/[^/]+/(?:tenants|workloads))/(?:[0-9a-f]/)?([a-z0-9-]+)/"
    r"|(?:.*/)?clusters/[^/]+/flux/(?:[0-9a-f]/)?([a-z0-9-]+)"
    r"|(?:.*/)?clusters/([^/]+)/"
)
"""The tenant or the cluster of a file in a fleet repository, in both layouts."""
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_ORDER: Final = ("error", "warning", "note")


def as_sarif(examination: Examination, *, version: str, grouped: bool = False) -> dict[str, Any]:
    """The SARIF log of one run.

    Args:
        examination: the result of the check.
        version: the version of goldenpath.
        grouped: merge the results of each rule and owner; too many results for a forge are always merged.
    """
    results = [*map(_finding_result, examination.findings), *map(_problem_result, examination.problems)]
    if grouped or len(results) > _MAX_RESULTS:
        results = _grouped(results)
    results.sort(key=lambda result: _ORDER.index(result["level"]))
    if len(results) > _MAX_RESULTS:
        results = [*results[: _MAX_RESULTS - 1], _more(results[_MAX_RESULTS - 1 :])]
    rules = list(dict.fromkeys(result["ruleId"] for result in results))
    fixes = {located.finding.rule: located.finding.fix for located in reversed(examination.findings)}
    for result in results:
        result["ruleIndex"] = rules.index(result["ruleId"])
    driver = {
        "name": "goldenpath",
        "version": version,
        "rules": [_rule(rule, fixes.get(rule)) for rule in rules],
    }
    # Section 3.20.14: a run that refused an input did not succeed, even if it has other results.
    invocation = {"executionSuccessful": not examination.problems, "exitCode": examination.exit_code}
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _grouped(results: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One result for each rule, level and owner: the first one, with the places and the number of all."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for result in results:
        groups.setdefault((result["ruleId"], result["level"], _owner_of(result)), []).append(result)
    return [_merged(owner, each) for (_, _, owner), each in groups.items()]


def _merged(owner: str, results: list[dict[str, Any]]) -> dict[str, Any]:
    first = results[0]
    places = {json.dumps(place, sort_keys=True): place for each in results for place in each["locations"]}
    text = first["message"]["text"]
    if len(results) > 1:
        text += f" (and {len(results) - 1:,} more of this rule{f' for {owner}' if owner else ''})"
    # The fingerprint does not depend on lines and messages, so a group keeps it when they change.
    fingerprint = hashlib.sha256(f"{first['ruleId']}\0{owner}".encode()).hexdigest()
    return {
        **first,
        "message": {"text": text},
        "locations": list(places.values())[:_MAX_PLACES],
        "occurrenceCount": len(results),
        "partialFingerprints": {"goldenpath/rule-and-owner/v1": fingerprint},
    }


def _owner_of(result: dict[str, Any]) -> str:
    match = _OWNER.match(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
    return next(filter(None, match.groups()), "") if match else ""


def _more(results: list[dict[str, Any]]) -> dict[str, Any]:
    """One result for all results beyond the limit of a forge: the worst of them, with their number."""
    first = results[0]
    number = sum(result.get("occurrenceCount", 1) for result in results)
    return {**first, "message": {"text": f"{number:,} more findings; `--format json` has all of them"}}


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
    file = problem.file or names.FLEET_FILE
    return {
        "ruleId": problem.rule,
        "level": "error",
        "message": {"text": str(problem)},
        "locations": [_location(file, line_of_problem(problem) if problem.file else None)],
    }


def _location(file: str, line: int | None) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
    if line is not None:
        physical["region"] = {"startLine": line}
    return {"physicalLocation": physical}


def _uri(file: str) -> str:
    """The URI of a file: relative as the person named it, or ``file:`` for an absolute path (section 3.4.3)."""
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
