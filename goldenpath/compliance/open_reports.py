"""Findings as OpenReports (``openreports.io/v1alpha1``), which dashboards such as Policy Reporter read.

Source of the fields: openreports/reports-api @769d978 (0.2.1), ``config/crd``. No result is ``pass``, because a check
reports findings only. Each tenant's namespace has a Report, and one ClusterReport has the findings of no namespace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.compliance.assessment import Assessment
    from goldenpath.findings import Finding

__all__ = ["open_reports"]

API_VERSION: Final = "openreports.io/v1alpha1"
_SOURCE: Final = "goldenpath"
_RESULT: Final = {Severity.ERROR: "fail", Severity.WARNING: "warn", Severity.NOTE: "warn"}
_SEVERITY: Final = {Severity.ERROR: "high", Severity.WARNING: "medium", Severity.NOTE: "info"}


def open_reports(found: Assessment, api_versions: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The reports of a commit, one for each namespace, and the ClusterReport last.

    Args:
        found: the assessment.
        api_versions: the apiVersion of a subject by its kind; ``v1`` for other kinds.
    """
    seconds = int(found.when.timestamp())
    by_namespace: dict[str, list[Finding]] = {tenant: [] for tenant, _ in found.places}
    others: list[Finding] = []
    for finding in found.findings:
        namespace = _place(finding)[0]
        by_namespace.get(namespace, others).append(finding)
    reports = [
        _report("Report", {"name": _SOURCE, "namespace": namespace}, findings, seconds, api_versions or {})
        for namespace, findings in sorted(by_namespace.items())
    ]
    return [*reports, _report("ClusterReport", {"name": _SOURCE}, others, seconds, api_versions or {})]


def _report(
    kind: str,
    metadata: dict[str, str],
    findings: Iterable[Finding],
    seconds: int,
    api_versions: Mapping[str, str],
) -> dict[str, Any]:
    results = [_result(finding, seconds, api_versions) for finding in findings]
    counts = {name: sum(each["result"] == name for each in results) for name in ("pass", "fail", "warn")}
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": metadata,
        "source": _SOURCE,
        "summary": {**counts, "error": 0, "skip": 0},
        "results": results,
    }


def _result(finding: Finding, seconds: int, api_versions: Mapping[str, str]) -> dict[str, Any]:
    namespace, kind, name = _place(finding)
    subject = {
        "apiVersion": api_versions.get(kind, "v1"),
        "kind": kind,
        "name": name,
        **({"namespace": namespace} if namespace and kind not in {"Namespace", "Tenant"} else {}),
    }
    properties = {"fix": finding.fix, "file": finding.file, "field": finding.field}
    return {
        "source": _SOURCE,
        "policy": finding.rule,
        "rule": finding.rule,
        "category": "goldenpath",
        "severity": _SEVERITY[finding.severity],
        "result": _RESULT[finding.severity],
        "message": finding.message,
        "timestamp": {"seconds": seconds, "nanos": 0},
        "resources": [subject] if kind and name else [],
        "properties": {key: value for key, value in properties.items() if value},
    }


def _place(finding: Finding) -> tuple[str, str, str]:
    """Namespace, kind and name of a finding's object; empty where the finding names none."""
    kind, _, after_kind = finding.object.partition(" ")
    path = after_kind.partition(" ")[0]
    namespace, slash, name = path.partition("/")
    if not slash:
        return (path if kind in {"Tenant", "Namespace"} else ""), kind, path
    return namespace, kind, name
