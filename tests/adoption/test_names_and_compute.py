"""A handmade namespace: its owner and its quotas."""

from __future__ import annotations

from typing import Any

import pytest
from made_by_hand import FLEET, adopt, item, left, namespace, quota, rules

from goldenpath.adoption import ToDo, derive
from goldenpath.errors import InputError
from goldenpath.findings import Severity
from goldenpath.pipeline import parse


def test_common_labels_give_the_owner() -> None:
    found = namespace(
        {"team": "x", "env": "staging", "pod-security.kubernetes.io/enforce": "baseline"},
        **{"cost-center": "cc-1", "contact": "vision@example.org"},
    )
    request = derive("vision", {"berlin": [found]}, FLEET).request
    assert {key: request[key] for key in ("owner", "environment", "pod_security", "cost_center", "contact")} == {
        "owner": "vision-team", "environment": "staging", "pod_security": "baseline", "cost_center": "cc-1",
        "contact": "vision@example.org",
    }  # fmt: skip


def test_a_missing_required_field_is_a_comment_in_the_file() -> None:
    adoption = derive("vision", {"berlin": [item("Namespace", "vision", namespace="")]}, FLEET)
    assert "# owner is required, and no object has it:\n# owner:\n" in adoption.text
    assert ("owner", "required") in [(finding.field, finding.rule) for finding in adoption.findings]
    assert parse(adopt().request, fleet=FLEET).owner == "vision-team"


def test_values_of_a_person_take_precedence() -> None:
    adoption = adopt(owner="platform-team", title="Vision")
    assert (adoption.request["owner"], adoption.request["title"]) == ("platform-team", "Vision")
    assert adoption.sources["owner"] == "set by a person"


def test_a_label_that_a_request_cannot_hold_is_reported_and_the_next_is_not_guessed() -> None:
    found = item(
        "Namespace", "vision", namespace="", metadata={"labels": {"owner": "x"}, "annotations": {"contact": "call me"}}
    )  # fmt: skip
    adoption = derive("vision", {"berlin": [found]}, FLEET)
    assert "contact" not in adoption.request
    assert "adopt-unusable" in rules(adoption)


@pytest.mark.parametrize(
    ("labels", "severity"),
    [({}, Severity.WARNING), ({"pod-security.kubernetes.io/enforce": "privileged"}, Severity.ERROR)],
)
def test_a_namespace_without_a_standard_will_have_one(labels: dict[str, str], severity: Severity) -> None:
    adoption = derive("vision", {"berlin": [namespace(labels)]}, FLEET)
    assert "pod_security" not in adoption.request
    assert "adopt-pod-security" in rules(adoption, severity)


def test_clusters_that_disagree_are_reported() -> None:
    there = {"berlin": [namespace({"env": "staging"})], "munich": [namespace({"env": "test"})]}
    adoption = derive("vision", there, FLEET)
    assert adoption.request["environment"] == "staging"
    assert "adopt-differs" in rules(adoption)


def test_a_tenant_that_is_being_retired_is_not_adopted() -> None:
    found = namespace({"goldenpath.dev/retiring": "true"})
    assert "adopt-retiring" in rules(derive("vision", {"berlin": [found]}, FLEET), Severity.ERROR)


@pytest.mark.parametrize("clusters", [[], ["berlim"]])
def test_a_cluster_of_the_fleet_must_be_named(clusters: list[str]) -> None:
    with pytest.raises(InputError):
        derive("vision", {name: [] for name in clusters}, FLEET)


@pytest.mark.parametrize(
    ("hard", "compute"),
    [
        ({"cpu": "64", "memory": "256Gi", "pods": 20}, {"cpu": "64", "memory": "256Gi", "pods": 20}),
        ({"limits.cpu": "8", "limits.memory": "8Gi"}, {"cpu": "8", "memory": "8Gi"}),
        (
            {"requests.memory": "8Gi", "limits.memory": "32Gi", "requests.storage": "1Ti"},
            {"memory": "32Gi", "storage": "1Ti"},
        ),
        ({"requests.cpu": "1e1", "requests.memory": "1500m"}, {"cpu": "10000m", "memory": "2"}),
        ({"requests.cpu": "16", "requests.memory": "64Gi"}, {}),
        ({"count/pods": "7"}, {"pods": 7}),
    ],
)
def test_quotas_are_the_compute_of_a_request(hard: dict[str, Any], compute: dict[str, Any]) -> None:
    adoption = adopt(quota(hard))
    assert adoption.request.get("compute", {}) == compute
    parse(adoption.request, fleet=FLEET)


def test_the_lowest_quota_holds_and_one_with_scopes_does_not() -> None:
    scoped = quota({"cpu": "1"}, "best-effort", scopes=["BestEffort"])
    adoption = adopt(quota({"cpu": "64"}), quota({"requests.cpu": "32"}, "more"), scoped)
    assert adoption.request["compute"] == {"cpu": "32"}
    assert left(adoption)["ResourceQuota vision/best-effort", "spec"] is ToDo.KEEP


def test_the_larger_of_two_clusters_is_taken_and_named() -> None:
    there = {
        "berlin": [namespace(), quota({"cpu": "64"})],
        "munich": [namespace(), quota({"cpu": "128"})],
    }
    adoption = derive("vision", there, FLEET)
    assert adoption.request["compute"] == {"cpu": "128"}
    assert "64 on berlin, 128 on munich" in adoption.sources["compute.cpu"]


def test_a_missing_quota_is_reported_with_the_defaults() -> None:
    adoption = adopt()
    assert "compute" not in adoption.request
    assert "adopt-unlimited" in rules(adoption)
    assert adoption.sources["compute.cpu"] == "the fleet's default of 16, because no quota limits it"


def test_numbers_of_objects_are_the_golden_paths() -> None:
    adoption = adopt(quota({"services.nodeports": "2", "count/jobs.batch": "5", "limits.cpu": "4"}))
    assert left(adoption)["ResourceQuota vision/limits", "spec.hard"] is ToDo.OVERRIDE
    assert left(adoption)["ResourceQuota vision/limits", ""] is ToDo.REMOVE
