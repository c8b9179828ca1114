"""SARIF fulfils the standard, and code hosts can show each finding on its line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cli_samples import VISION, write_tree
from plain_git import git

import goldenpath
from goldenpath.cli.check_targets import Examination, Located
from goldenpath.cli.sarif import as_sarif
from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

WRONG = VISION + "identity: {service_accounts: [server], federates_with: [edge.example]}\n"


def run_of(result: Result) -> Any:
    log = json.loads(result.stdout)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    return run


def test_the_tool_names_itself_and_each_rule_once(here: Path, run: Run) -> None:
    write_tree(here, {"vision.yaml": WRONG, "speech.yaml": WRONG.replace("vision", "speech")})
    log = run_of(run("check", "vision.yaml", "speech.yaml", "--format", "sarif"))
    driver = log["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("goldenpath", goldenpath.__version__)
    ids = [rule["id"] for rule in driver["rules"]]
    assert "federation-without-bundle" in ids
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
    (federation,) = (rule for rule in driver["rules"] if rule["id"] == "federation-without-bundle")
    assert federation["helpUri"] == "https://goldenpath.dev/reference/findings#federation-without-bundle"


def test_a_result_leads_to_the_line_of_the_field(here: Path, run: Run) -> None:
    (here / "vision.yaml").write_text(WRONG)
    log = run_of(run("check", "vision.yaml", "--format", "sarif"))
    result = next(result for result in log["results"] if result["ruleId"] == "federation-without-bundle")
    assert result["level"] == "error"
    assert log["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "federation-without-bundle"
    assert "Fix: " in result["message"]["text"]
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "vision.yaml"},
        "region": {"startLine": 7},
    }
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "Tenant vision on berlin"
    assert log["invocations"] == [{"executionSuccessful": True, "exitCode": 1}]


def test_bad_input_is_a_result_of_a_failed_run(here: Path, run: Run) -> None:
    (here / "vision.yaml").write_text(VISION.replace("berlin", "berlim"))
    result = run("check", "vision.yaml", "--format", "sarif")
    assert result.exit_code == 2
    log = run_of(result)
    assert log["invocations"] == [{"executionSuccessful": False, "exitCode": 2}]
    (found,) = log["results"]
    assert (found["ruleId"], found["level"]) == ("unknown-cluster", "error")
    assert found["locations"][0]["physicalLocation"]["region"] == {"startLine": 6}


def test_a_policy_is_described_in_its_own_words(here: Path, run: Run) -> None:
    (here / "door.yaml").write_text(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {goldenpath.dev/tenant: a, pod-security.kubernetes.io/enforce: restricted}}\n---\n"
        "apiVersion: v1\nkind: Service\nmetadata: {name: door, namespace: a}\nspec: {externalIPs: [203.0.113.7], ports: [{port: 80}]}\n"
    )
    from goldenpath.policies import policies

    policy = next(policy for policy in policies() if policy.id == "service-external-ips")
    (rule,) = run_of(run("check", "door.yaml", "--format", "sarif"))["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"].startswith(policy.title)
    assert policy.why in rule["help"]["text"]


def test_names_of_files_become_uris(here: Path, run: Run) -> None:
    write_tree(here, {"a b/ö.yaml": VISION.replace("berlin", "berlim")})
    relative = run_of(run("check", "a b/ö.yaml", "--format", "sarif"))
    absolute = run_of(run("check", str(here / "a b/ö.yaml"), "--format", "sarif"))
    uris = [
        log["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for log in (relative, absolute)
    ]
    assert uris == ["a%20b/%C3%B6.yaml", (here / "a b/ö.yaml").as_uri()]


def test_a_clean_check_is_a_log_without_results(here: Path, run: Run) -> None:
    log = run_of(run("check", "goldenpath.yaml", "--format", "sarif"))
    assert (log["results"], log["tool"]["driver"]["rules"]) == ([], [])


@pytest.fixture
def faulty_fleet(here: Path, run: Run, repository: Path) -> Path:
    """A fleet repository whose tenants differ from what was published: a hand edit, and changed requests."""
    write_tree(here, {"vision.yaml": VISION, "speech.yaml": VISION.replace("vision", "speech")})
    assert run("publish", "vision.yaml", "speech.yaml", "--repo", str(repository)).exit_code == 0
    for file in sorted((repository / "clusters").glob("*/tenants/*/*.yaml")):
        text = file.read_text()
        if "labels:" in text:
            file.write_text(text.replace("labels:", 'labels:\n    mine: "1"', 1))
    git(repository, "commit", "-qam", "By hand")
    return repository


def test_findings_of_a_fleet_are_one_result_for_each_rule_and_tenant(faulty_fleet: Path, run: Run) -> None:
    every = json.loads(run("fleet", "validate", "--repo", str(faulty_fleet), "--format", "json").stdout)[
        "findings"
    ]
    log = run_of(run("fleet", "validate", "--repo", str(faulty_fleet), "--format", "sarif"))
    edits = [result for result in log["results"] if result["ruleId"] == "hand-edit"]
    files = [finding["file"] for finding in every if finding["rule"] == "hand-edit"]
    assert len(files) > len(edits) == 2
    assert sum(result["occurrenceCount"] for result in edits) == len(files)
    shown = {
        place["physicalLocation"]["artifactLocation"]["uri"]
        for result in edits
        for place in result["locations"]
    }
    assert shown == set(files)
    assert len({result["partialFingerprints"]["goldenpath/rule-and-owner/v1"] for result in edits}) == 2
    assert any("more of this rule for speech)" in result["message"]["text"] for result in edits)
    assert sum(result["occurrenceCount"] for result in log["results"]) == len(every)


def test_every_result_of_a_fleet_has_a_file(faulty_fleet: Path, run: Run) -> None:
    write_tree(
        faulty_fleet,
        {"tenants/vision/tenant.yaml": VISION + "gpus: [{profile: nvidia-h100-80gb, quota: 1}]\n"},
    )
    git(faulty_fleet, "commit", "-qam", "Ask for more")
    log = run_of(run("fleet", "validate", "--repo", str(faulty_fleet), "--format", "sarif"))
    for result in log["results"]:
        for place in result["locations"]:
            assert (faulty_fleet / place["physicalLocation"]["artifactLocation"]["uri"]).is_file()
    stale = next(result for result in log["results"] if result["ruleId"] == "not-as-rendered")
    assert (
        stale["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "tenants/vision/tenant.yaml"
    )


def examined(number: int, rules: int = 1) -> Examination:
    """Findings of so many tenants, in two places each; every second one is a warning."""
    findings = []
    for place in range(number):
        severity = Severity.ERROR if place % 2 else Severity.WARNING
        for rule in range(rules):
            for name in ("a", "b"):
                file = f"clusters/berlin/tenants/t{place}/{name}.yaml"
                found = Finding(
                    file, f"ConfigMap t{place}/{name}", "data", f"rule-{rule}", severity, "is odd", "Mend it."
                )
                findings.append(Located(file, 1, found))
    return Examination(findings=findings)


def test_results_above_the_forges_limit_are_grouped() -> None:
    (run,) = as_sarif(examined(3_000), version="1")["runs"]
    assert len(run["results"]) == 3_000
    assert {result["occurrenceCount"] for result in run["results"]} == {2}


def test_more_than_a_forge_shows_is_cut_with_errors_first_and_a_number() -> None:
    (run,) = as_sarif(examined(4_000, rules=3), version="1")["runs"]
    levels = [result["level"] for result in run["results"]]
    assert len(levels) == 5_000
    assert levels == ["error"] * 5_000
    assert run["results"][-1]["message"]["text"] == "14,002 more findings; `--format json` has all of them"


def test_a_group_has_no_more_places_than_a_forge_shows() -> None:
    located = [
        Located(
            f"clusters/c/tenants/t/{n}.yaml",
            1,
            Finding("", "", "", "odd", Severity.NOTE, "is odd", "Mend it."),
        )
        for n in range(250)
    ]
    ((result,),) = [
        run["results"] for run in as_sarif(Examination(findings=located), version="1", grouped=True)["runs"]
    ]
    assert (len(result["locations"]), result["occurrenceCount"]) == (100, 250)
