"""Creates findings about a rendered object, or about a request on one cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from goldenpath.manifests import ManifestObject
    from goldenpath.tenancy import Resolved

__all__ = ["object_error", "request_finding", "request_place"]


def object_error(item: ManifestObject, field: str, rule: str, message: str, fix: str) -> Finding:
    return Finding(item.file, str(item), field, rule, Severity.ERROR, message, fix)


def request_finding(
    resolved: Resolved, rule: str, severity: Severity, field: str, message: str, *, fix: str
) -> Finding:
    return Finding("", request_place(resolved), field, rule, severity, message, fix)


def request_place(resolved: Resolved) -> str:
    """Name a request and its cluster, as in ``Workload vision/chat on berlin``."""
    return f"{resolved.ref.subject.title()} {resolved.ref.path} on {resolved.cluster_name}"
