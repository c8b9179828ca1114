"""The errors that the schema check reports for one manifest."""

from __future__ import annotations

from goldenpath import kubeyaml
from goldenpath.check.schema_checks import check_schema
from goldenpath.findings import Severity
from goldenpath.manifests import ManifestObject


def schema_errors(text: str) -> list[tuple[str, str]]:
    """Rule and field of each error; every finding must be an error with a fix."""
    found = list(check_schema([ManifestObject("a.yaml", kubeyaml.load(text))]))
    assert all(finding.severity is Severity.ERROR and finding.fix for finding in found)
    return [(finding.rule, finding.field) for finding in found]
