"""The official validator's rules, on the shapes that public submissions have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from goldenpath import kubeyaml
from goldenpath.conformance import known_versions, requirements_of, submission_problems
from goldenpath.conformance.submission import METADATA
from goldenpath.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

METADATA_VALUES = {
    "kubernetesVersion": "v1.37",
    "platformName": "Example",
    "platformVersion": "1.0.0",
    "vendorName": "Example Ltd",
    "websiteUrl": "https://example.org",
    "documentationUrl": "https://docs.example.org",
    "productLogoUrl": "https://example.org/logo.svg",
    "description": "A platform.",
    "contactEmailAddress": "team@example.org",
    "k8sConformanceUrl": "https://github.com/cncf/k8s-conformance/tree/master/v1.37/example",
}


def submission(folder: Path, version: str = "1.37", **changes: Any) -> Path:
    """A submission that is accepted, with changes by path (`spec.security[secure_accelerator_access].status`)."""
    document: dict[str, Any] = {"metadata": dict(METADATA_VALUES), "spec": {}}
    for each in requirements_of(version):
        is_must = each.levels[version] == "MUST"
        entry = {
            "id": each.id,
            "level": each.levels[version],
            "status": "Implemented" if is_must else "",
            "evidence": ["https://docs.example.org/evidence"] if is_must else [],
            "notes": "",
        }
        document["spec"].setdefault(each.category, []).append(entry | changes.get(each.id, {}))
    document["metadata"] |= changes.get("metadata", {})
    document["metadata"] = {key: value for key, value in document["metadata"].items() if value is not None}
    file = folder / f"v{version}" / "example" / "PRODUCT.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(kubeyaml.dump(document))
    return file


def rules(file: Path, **options: Any) -> dict[str, str]:
    return {problem.path: problem.rule for problem in submission_problems(file, **options)}


@pytest.mark.parametrize("version", known_versions())
def test_a_whole_submission_is_accepted_in_every_version(tmp_path: Path, version: str) -> None:
    assert rules(submission(tmp_path, version)) == {}


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("platformName", None, "required"),
        ("platformName", "", "required"),
        ("platformVersion", 1, "type"),
        ("description", "[Description]", "placeholder"),
        ("k8sConformanceUrl", "https://github.com/cncf/k8s-conformance/pull/1", "conformance-url"),
        ("productLogoUrl", "https://example.org/logo.png", "logo"),
    ],
)
def test_wrong_metadata_is_refused(tmp_path: Path, field: str, value: Any, rule: str) -> None:
    assert rules(submission(tmp_path, metadata={field: value})) == {f"metadata.{field}": rule}


def test_a_logo_of_any_kind_was_accepted_before(tmp_path: Path) -> None:
    assert (
        rules(submission(tmp_path, "1.36", metadata={"productLogoUrl": "https://example.org/logo.png"})) == {}
    )


def test_snake_case_and_an_absent_optional_field_are_accepted(tmp_path: Path) -> None:
    changes = {"platformName": None, "platform_name": "Example", "k8sConformanceUrl": None}
    url = METADATA_VALUES["k8sConformanceUrl"]
    assert rules(submission(tmp_path, metadata={**changes, "k8s_conformance_url": url})) == {}
    assert METADATA["repoUrl"] is False


GANG = "spec.schedulingOrchestration[gang_scheduling]"


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({"status": "N/A", "notes": "No autoscaler."}, {f"{GANG}.status": "must"}),
        ({"status": "N/A"}, {f"{GANG}.status": "must", f"{GANG}.notes": "required"}),
        ({"status": "Partially Implemented"}, {f"{GANG}.status": "must"}),
        ({"status": ""}, {f"{GANG}.status": "must"}),
        ({"status": "implemented"}, {f"{GANG}.status": "must"}),
        ({"id": "gang"}, {GANG: "required"}),
        ({"level": "SHOULD", "status": ""}, {f"{GANG}.status": "must"}),
        ({"evidence": ["missing.md"]}, {f"{GANG}.evidence[0]": "missing-file"}),
        ({"evidence": ["../other/PRODUCT.yaml"]}, {f"{GANG}.evidence[0]": "path"}),
        ({"evidence": ["file:///etc/passwd"]}, {f"{GANG}.evidence[0]": "path"}),
        ({"evidence": []}, {}),
    ],
)
def test_a_must_as_submissions_had_it(tmp_path: Path, entry: dict[str, Any], found: dict[str, str]) -> None:
    assert rules(submission(tmp_path, gang_scheduling=entry)) == found


def test_a_should_may_be_left_empty_and_not_half_filled(tmp_path: Path) -> None:
    assert rules(submission(tmp_path, gpu_sharing={"status": ""})) == {}
    place = "spec.accelerators[gpu_sharing].status"
    assert rules(submission(tmp_path, gpu_sharing={"evidence": ["https://example.org"]})) == {place: "choice"}


RESULTS = {
    "e2e.log": "=== RUN TestA\n--- PASS: TestA (0.1s)\n--- SKIP: TestB (0.0s)\n{extra}",
    "junit.xml": '<testsuite><testcase name="TestA"/><testcase name="TestB"><skipped/></testcase>{extra}</testsuite>',
    "results.json": '{{"Action":"pass","Test":"TestA"}}\n{{"Action":"skip","Test":"TestB"}}\n{extra}',
}
FAILED = {
    "e2e.log": "--- FAIL: TestC (0.1s)\n",
    "junit.xml": '<testcase name="TestC"><failure/></testcase>',
    "results.json": json.dumps({"Action": "fail", "Test": "TestC"}),
}


@pytest.mark.parametrize("name", RESULTS)
def test_files_of_results_are_read(tmp_path: Path, name: str) -> None:
    def found(link: str) -> dict[str, str]:
        return rules(submission(tmp_path, gang_scheduling={"evidence": [link]}))

    file = submission(tmp_path).parent / name
    place = f"{GANG}.evidence[0]"
    file.write_text(RESULTS[name].format(extra=""))
    assert found(f"file://{name}#TestA") == {}
    assert found(f"file://v1.37/example/{name}#TestA") == {}
    assert found(f"file://{name}#TestB") == {place: "skipped-test"}
    assert found(f"file://{name}#TestNone") == {place: "unknown-test"}
    file.write_text(RESULTS[name].format(extra=FAILED[name]))
    assert found(f"file://{name}#TestA") == {place: "failed-test"}


def test_an_entity_is_not_expanded(tmp_path: Path) -> None:
    file = submission(tmp_path).parent / "junit.xml"
    file.write_text('<!DOCTYPE a [<!ENTITY b "c">]><testsuite><testcase name="&b;"/></testsuite>')
    found = rules(submission(tmp_path, gang_scheduling={"evidence": ["file://junit.xml"]}))
    assert set(found.values()) == {"unreadable-results"}


def test_membership_is_checked_if_members_are_given(tmp_path: Path) -> None:
    file = submission(tmp_path)
    assert rules(file, members={"Another"}) == {"metadata.vendorName": "member"}
    assert rules(file, members={"Example Ltd"}) == {}


def test_an_unknown_version_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"1\.37"):
        submission_problems(submission(tmp_path), version="1.99")
