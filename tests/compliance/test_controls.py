"""References of the catalogue of controls exist, and each object test fails for a bad object."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from small_requests import fleet, request

from goldenpath.compliance.object_tests import holds
from goldenpath.controls import control_catalogue
from goldenpath.finding_rules import RULES
from goldenpath.pipeline import Pipeline
from goldenpath.policies import policies
from goldenpath.spec.parse import parse_fleet

CATALOGUE = control_catalogue()
IDENTITY = {"service_accounts": ["server"]}


@pytest.fixture(scope="module")
def objects() -> list[Any]:
    spec = parse_fleet(fleet())
    pipeline = Pipeline(spec)
    from goldenpath.pipeline import parse

    return list(
        pipeline.render(
            parse(request(identity=IDENTITY, access={"developers": ["vision-developers"]}), fleet=spec)
        ).objects()
    )


@pytest.mark.parametrize("standard", list(CATALOGUE), ids=lambda each: each.id)
def test_controls_name_existing_policies_and_rules(standard: Any) -> None:
    known = {policy.id for policy in policies()}
    for control in standard.controls:
        assert set(control.policies) <= known, control.id
        assert set(control.rules) <= set(RULES), control.id


def test_every_test_and_record_is_used() -> None:
    controls = [control for standard in CATALOGUE for control in standard.controls]
    assert {name for each in controls for name in each.tests} == set(CATALOGUE.tests)
    assert {name for each in controls for name in each.records} == set(CATALOGUE.records)


def _rules(**rule: Any) -> Any:
    def change(body: dict[str, Any]) -> None:
        body["rules"] = [*body["rules"], {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]} | rule]

    return change


def _psa(level: str) -> Any:
    def change(body: dict[str, Any]) -> None:
        body["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = level

    return change


def _set(*path: str, value: Any) -> Any:
    def change(body: dict[str, Any]) -> None:
        for step in path[:-1]:
            body = body[step]
        body[path[-1]] = value

    return change


BROKEN = {
    "namespace-restricted": _psa("baseline"),
    "namespace-not-privileged": _psa("privileged"),
    "namespace-of-its-own": _set("metadata", "name", value="default"),
    "default-deny": _set("spec", "ingress", value=[{}]),
    "roles-name-verbs": _rules(verbs=["*"]),
    "roles-write-named-resources": _rules(resources=["*"], verbs=["create"]),
    "roles-raise-nothing": _rules(verbs=["escalate"]),
    "roles-make-no-tokens": _rules(resources=["serviceaccounts/token"], verbs=["create"]),
    "roles-make-no-volumes": _rules(resources=["persistentvolumes"]),
    "roles-change-no-guard-rail": _rules(resources=["networkpolicies"], verbs=["delete"]),
    "bindings-of-own-roles": _set("roleRef", "kind", value="ClusterRole"),
    "accounts-without-token": _set("automountServiceAccountToken", value=True),
    "quota": _set("spec", "hard", value={}),
    "limit-range": _set("spec", "limits", value=[]),
    "owner-is-named": _set("metadata", "annotations", value={}),
}


@pytest.mark.parametrize("name", list(CATALOGUE.tests))
def test_a_rendered_object_meets_each_test_and_a_broken_one_does_not(objects: list[Any], name: str) -> None:
    test = CATALOGUE.tests[name]
    met = [each.body for each in objects if each.kind == test.kind and holds(test, each.body)]
    assert met
    if test.demands == "every":
        assert all(holds(test, each.body) for each in objects if each.kind == test.kind)
    body = copy.deepcopy(dict(met[0]))
    BROKEN[name](body)
    assert not holds(test, body)


def test_a_test_that_cannot_be_evaluated_fails() -> None:
    assert not any(
        holds(test, {"kind": test.kind, "rules": 1, "metadata": {}}) for test in CATALOGUE.tests.values()
    )
