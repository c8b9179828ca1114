from __future__ import annotations

import json
import re

import pytest

from goldenpath import kubeyaml
from goldenpath.errors import DataError
from goldenpath.policies import load_policies, policies

MINIMAL = """\
id: sample
title: A sample
why: It must be so.
fix: Make it so.
severity: error
match: {rules: [{group: "", version: v1, resources: {services: Service}, operations: [CREATE]}]}
expression: object.metadata.name != 'bad'
message: It is bad.
examples:
  good: [{why: good, object: {apiVersion: v1, kind: Service, metadata: {name: good}}}]
  bad: [{why: bad, object: {apiVersion: v1, kind: Service, metadata: {name: bad}}}]
"""


@pytest.mark.parametrize("policy", policies(), ids=lambda p: p.id)
class TestEveryPolicy:
    def test_gives_its_reason_and_its_fix_in_one_sentence_each(self, policy):
        for sentence in (policy.why, policy.fix, policy.message):
            assert re.fullmatch(r"[A-Z].*[^.]\.", sentence), sentence
            assert ". " not in sentence

    def test_is_refused_by_an_example_and_passed_by_another(self, policy):
        assert {example.good for example in policy.examples} == {True, False}

    def test_becomes_an_admission_policy_that_fails_closed(self, policy):
        body = policy.as_admission_policy()

        assert (body["apiVersion"], body["kind"]) == (
            "admissionregistration.k8s.io/v1",
            "ValidatingAdmissionPolicy",
        )
        assert body["metadata"]["name"] == f"goldenpath-{policy.id}"
        assert body["spec"].keys() == {"failurePolicy", "matchConstraints", "variables", "validations"}
        assert body["spec"]["failurePolicy"] == "Fail"
        for rule in body["spec"]["matchConstraints"]["resourceRules"]:
            # The API server type-checks only what is named without a wildcard; the scope is any, and only that.
            assert rule.keys() == {"apiGroups", "apiVersions", "operations", "resources", "scope"}
            assert rule["scope"] == "*"
            assert "*" not in str({key: rule[key] for key in rule.keys() - {"scope"}})
        (validation,) = body["spec"]["validations"]
        assert validation["message"] == f"{policy.message} Fix: {policy.fix}"
        assert validation["expression"].startswith("variables.excepted || (")

    def test_variables_are_declared_before_use_and_all_are_used(self, policy):
        spec = policy.as_admission_policy()["spec"]
        seen: list[str] = []
        for variable in spec["variables"]:
            assert set(re.findall(r"variables\.(\w+)", variable["expression"])) <= set(seen)
            seen.append(variable["name"])
        used = set(re.findall(r"variables\.(\w+)", json.dumps(spec)))
        assert used == set(seen)

    def test_applies_where_the_tenant_label_is(self, policy):
        constraints = policy.as_admission_policy()["spec"]["matchConstraints"]
        selector = {"matchExpressions": [{"key": "goldenpath.dev/tenant", "operator": "Exists"}]}
        key, other = "namespaceSelector", "objectSelector"
        if policy.on_namespaces:
            key, other = other, key
        assert constraints[key] == selector
        assert constraints[other] == {}

    def test_is_bound_to_deny(self, policy):
        binding = policy.as_binding()

        assert binding["kind"] == "ValidatingAdmissionPolicyBinding"
        assert binding["metadata"]["name"] == f"goldenpath-{policy.id}"
        assert binding["spec"] == {"policyName": f"goldenpath-{policy.id}", "validationActions": ["Deny"]}

    def test_survives_being_written_as_yaml(self, policy):
        for body in (policy.as_admission_policy(), policy.as_binding()):
            assert kubeyaml.load(kubeyaml.dump(body)) == body


def test_ids_are_unique_and_the_order_is_theirs():
    ids = [policy.id for policy in policies()]

    assert ids == sorted(set(ids))


def test_the_sides_that_quotas_leave_open_have_a_policy():
    assert {policy.id for policy in policies()} >= {
        "accelerator-resource",
        "device-admin-access",
        "device-class",
        "flux-service-account",
        "flux-source",
        "gpu-gate",
        "gpu-model",
        "gpu-owner",
        "gpu-queue",
        "image-registry",
        "implicit-device-class",
        "keda-authentication",
        "monitor-scope",
        "namespace-labels",
        "node-choice",
        "platform-account",
        "priority-class",
        "service-external-ips",
        "token-secret",
    }


def test_a_folder_of_ones_own_loads(tmp_path):
    (tmp_path / "sample.yaml").write_text(MINIMAL)

    (policy,) = load_policies(tmp_path)

    assert policy.id == "sample"
    assert [v.name for v in policy.variables] == ["excepted"]


def test_a_folder_without_policies_is_refused(tmp_path):
    """Without policies, everything would be allowed."""
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(DataError, match="no policies"):
            load_policies(folder)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("id: sample", "id: other"), "name the file after the id"),
        (("id: sample", "id: Sample"), "id"),
        (("why: It must be so.\n", ""), "why"),
        (("fix: Make it so.", 'fix: "Make\\nit so."'), "fix"),
        (("severity: error", "severity: fatal"), "severity"),
        (("message: It", "massage: It"), "massage"),
        (("operations: [CREATE]", "operations: [DELETE]"), "operations"),
        (("object.metadata.name != 'bad'", "variables.nothing"), "the variable 'nothing' does not exist"),
        (("message: It", "variables: [{name: idle, expression: 'true'}]\nmessage: It"), "idle"),
        (("message: It", "variables: [{name: excepted, expression: 'true'}]\nmessage: It"), "same name"),
        (("match: {rules", "match: {subject: nobody, also"), "subject 'nobody'"),
        (("match: {rules", "match: {also"), "either a subject or rules"),
        (("  good: [{why: good", "  god: [{why: good"), "good"),
        (("id: sample", "id: sample\nid: sample"), "sample.yaml"),
    ],
)
def test_a_broken_file_is_refused_by_name(tmp_path, change, complaint):
    assert MINIMAL.count(change[0]) == 1
    (tmp_path / "sample.yaml").write_text(MINIMAL.replace(*change))

    with pytest.raises(DataError) as caught:
        load_policies(tmp_path)

    assert "sample.yaml" in str(caught.value)
    assert complaint in str(caught.value)
