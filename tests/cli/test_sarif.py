"""SARIF: what the standard demands, and what a code host needs to show a finding on its line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cli_samples import VISION, write_tree

import goldenpath

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


def test_bad_input_is_a_result_too_and_the_run_did_not_succeed(here: Path, run: Run) -> None:
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


def test_nothing_to_say_is_a_log_with_no_results(here: Path, run: Run) -> None:
    log = run_of(run("check", "goldenpath.yaml", "--format", "sarif"))
    assert (log["results"], log["tool"]["driver"]["rules"]) == ([], [])
