"""Rules of Kueue's webhooks on queues, cohorts and flavors that no schema expresses."""

from __future__ import annotations

from typing import Any

import pytest
from schema_errors import schema_errors

from goldenpath import kubeyaml

QUEUE = """
apiVersion: kueue.x-k8s.io/v1beta2
kind: ClusterQueue
metadata: {{name: a}}
spec:
  {}
  resourceGroups:
  - coveredResources: [cpu, memory]
    flavors:
    - name: default
      resources: [{}]
"""


@pytest.mark.parametrize(
    ("head", "resources", "field"),
    [
        (
            "cohortName: c",
            "{name: memory, nominalQuota: 1}, {name: cpu, nominalQuota: 1}",
            "spec.resourceGroups[0].flavors[0].resources",
        ),
        (
            "cohortName: c",
            "{name: cpu, nominalQuota: 1, lendingLimit: 2}, {name: memory, nominalQuota: 1}",
            "spec.resourceGroups[0].flavors[0].resources[0].lendingLimit",
        ),
        (
            "stopPolicy: None",
            "{name: cpu, nominalQuota: 1}, {name: memory, nominalQuota: 1, lendingLimit: 1}",
            "spec.resourceGroups[0].flavors[0].resources[1].lendingLimit",
        ),
        (
            "cohortName: c",
            "{name: cpu, nominalQuota: -1}, {name: memory, nominalQuota: 1}",
            "spec.resourceGroups[0].flavors[0].resources[0].nominalQuota",
        ),
    ],
)
def test_an_invalid_cluster_queue_is_refused(head: str, resources: str, field: str) -> None:
    assert schema_errors(QUEUE.format(head, resources)) == [("api/queue", field)]


@pytest.mark.parametrize(
    ("head", "resources", "field"),
    [
        (
            "stopPolicy: None",
            "{name: cpu, nominalQuota: 1, borrowingLimit: 1}, {name: memory, nominalQuota: 1}",
            "spec",
        ),
        ("cohortName: c", "{name: cpu, nominalQuota: 1}", "spec.resourceGroups[0]"),
    ],
)
def test_a_rule_of_the_definition_refuses_a_cluster_queue(head: str, resources: str, field: str) -> None:
    assert ("api/rule", field) in schema_errors(QUEUE.format(head, resources))


def test_a_valid_cluster_queue_is_accepted() -> None:
    resources = "{name: cpu, nominalQuota: 1, borrowingLimit: 1}, {name: memory, nominalQuota: 1}"
    assert schema_errors(QUEUE.format("cohortName: c", resources)) == []


def test_a_cohort_may_lend_more_than_it_has_and_needs_a_parent_for_a_limit() -> None:
    cohort = QUEUE.replace("ClusterQueue", "Cohort")
    resources = "{name: cpu, nominalQuota: 1, lendingLimit: 2}, {name: memory, nominalQuota: 1}"
    assert schema_errors(cohort.format("parentName: c", resources)) == []
    field = "spec.resourceGroups[0].flavors[0].resources[0].lendingLimit"
    assert schema_errors(cohort.format("", resources)) == [("api/queue", field)]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ("{resourceGroups: [{coveredResources: [/a], flavors: [{name: a, resources: [{name: /a, nominalQuota: 1}]}]}]}",
         "resourceGroups[0].coveredResources[0]"),
        ("{namespaceSelector: {matchLabels: {team: Bad Value}}}", "namespaceSelector.matchLabels[team]"),
        ("{namespaceSelector: {matchExpressions: [{key: team, operator: Has}]}}",
         "namespaceSelector.matchExpressions[0].operator"),
        ("{admissionChecksStrategy: {admissionChecks: [{name: c, onFlavors: [gone]}]}}",
         "admissionChecksStrategy.admissionChecks[0].onFlavors[0]"),
        ("{fairSharing: {weight: -1}}", "fairSharing.weight"),
        ("{fairSharing: {weight: 1n}}", "fairSharing.weight"),
    ],
)  # fmt: skip
def test_an_invalid_field_of_a_cluster_queue_is_refused(spec: str, field: str) -> None:
    queue = f"apiVersion: kueue.x-k8s.io/v1beta2\nkind: ClusterQueue\nmetadata: {{name: a}}\nspec: {spec}\n"
    assert schema_errors(queue) == [("api/queue", f"spec.{field}")]


def test_a_cluster_queue_has_a_bounded_number_of_flavors_and_resources() -> None:
    def group(first: int, flavors: int, resources: int) -> dict[str, Any]:
        covered = [f"acme.dev/r{number}" for number in range(first, first + resources)]
        quotas = [{"name": name, "nominalQuota": 1} for name in covered]
        names = [f"f{number}" for number in range(first, first + flavors)]
        return {
            "coveredResources": covered,
            "flavors": [{"name": name, "resources": quotas} for name in names],
        }

    def found(*groups: dict[str, Any]) -> list[tuple[str, str]]:
        body = {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "ClusterQueue", "metadata": {"name": "a"}}
        return schema_errors(kubeyaml.dump({**body, "spec": {"resourceGroups": list(groups)}}))

    assert found(*(group(64 * number, 64, 1) for number in range(4))) == []
    assert found(*(group(64 * number, 64, 1) for number in range(4)), group(256, 1, 1)) == [
        ("api/queue", "spec.resourceGroups")
    ]
    assert found(
        group(0, 1, 64), *(group(64 * number, 1, 64) for number in range(1, 4)), group(256, 1, 1)
    ) == [("api/queue", "spec.resourceGroups")]
    assert found(group(0, 33, 16)) == [("api/queue", "spec.resourceGroups[0]")]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ("{nodeLabels: {gpu: Not A Label}}", "nodeLabels[gpu]"),
        ("{nodeTaints: [{key: /gpu, effect: NoSchedule}]}", "nodeTaints[0].key"),
        ("{nodeTaints: [{key: gpu, value: a b, effect: NoSchedule}]}", "nodeTaints[0].value"),
        (
            "{nodeTaints: [{key: gpu, effect: NoSchedule}, {key: gpu, value: a, effect: NoSchedule}]}",
            "nodeTaints[1]",
        ),
        ("{tolerations: [{key: /gpu, operator: Exists}]}", "tolerations[0].key"),
    ],
)
def test_an_invalid_flavor_is_refused(spec: str, field: str) -> None:
    flavor = (
        f"apiVersion: kueue.x-k8s.io/v1beta2\nkind: ResourceFlavor\nmetadata: {{name: a}}\nspec: {spec}\n"
    )
    assert schema_errors(flavor) == [("api/queue", f"spec.{field}")]


def test_a_flavor_in_two_groups_is_refused() -> None:
    assert schema_errors("""
apiVersion: kueue.x-k8s.io/v1beta2
kind: ClusterQueue
metadata: {name: a}
spec:
  resourceGroups:
  - {coveredResources: [cpu], flavors: [{name: a, resources: [{name: cpu, nominalQuota: 1}]}]}
  - {coveredResources: [memory], flavors: [{name: a, resources: [{name: memory, nominalQuota: 1}]}]}
""") == [("api/queue", "spec.resourceGroups[1].flavors[0].name")]


def test_a_resource_in_two_groups_is_refused() -> None:
    assert schema_errors("""
apiVersion: kueue.x-k8s.io/v1beta2
kind: ClusterQueue
metadata: {name: a}
spec:
  resourceGroups:
  - {coveredResources: [cpu], flavors: [{name: a, resources: [{name: cpu, nominalQuota: 1}]}]}
  - {coveredResources: [cpu], flavors: [{name: b, resources: [{name: cpu, nominalQuota: 1}]}]}
""") == [("api/queue", "spec.resourceGroups[1].coveredResources")]
