from __future__ import annotations

import dataclasses

import pytest
from policy_requests import RECONCILER, namespace

from goldenpath.check.policy_evaluation import AdmissionRequest, judge
from goldenpath.policies import Policy, PolicyExample, policies

EXAMPLES = [
    pytest.param(policy, example, id=f"{policy.id}: {'good' if example.good else 'bad'}: {example.why}")
    for policy in policies()
    for example in policy.examples
]


def request_of(policy: Policy, example: PolicyExample) -> AdmissionRequest:
    where = None if policy.on_namespaces else namespace(dict(example.annotations))
    return AdmissionRequest(example.object, where, example.user or RECONCILER, example.old)


@pytest.mark.parametrize(("policy", "example"), EXAMPLES)
def test_an_example_gets_the_verdict_that_its_file_declares(policy, example):
    verdict = judge(policy, request_of(policy, example))

    assert (verdict.allowed, verdict.failed) == (example.good, False), verdict.message


REFUSED = [p for p in EXAMPLES if not p.values[1].good]


@pytest.mark.parametrize(("policy", "example"), [p for p in REFUSED if p.values[0].message_expression])
def test_a_servers_message_ends_with_the_fix(policy, example):
    (validation,) = policy.as_admission_policy()["spec"]["validations"]
    as_on_a_server = dataclasses.replace(policy, message_expression=validation["messageExpression"])

    message = judge(as_on_a_server, request_of(policy, example)).message

    assert message == f"{judge(policy, request_of(policy, example)).message} Fix: {policy.fix}"


@pytest.mark.parametrize(("policy", "example"), REFUSED)
def test_a_refusal_is_lifted_by_an_exception_for_that_policy_only(policy, example):
    def excepted(ids: str) -> bool:
        annotations = {**example.annotations, "goldenpath.dev/policy-exceptions": ids}
        if policy.on_namespaces:
            metadata = {**example.object["metadata"], "annotations": annotations}
            body = {**example.object, "metadata": metadata}
            return judge(policy, AdmissionRequest(body, None, RECONCILER, example.old)).allowed
        return judge(
            policy, request_of(policy, example.model_copy(update={"annotations": annotations}))
        ).allowed

    assert excepted(policy.id)
    assert excepted(f"other,{policy.id}")
    assert not excepted("other")
    assert not excepted(f"{policy.id}-too")
    assert not excepted("")


@pytest.mark.parametrize("policy", policies(), ids=lambda p: p.id)
def test_the_examples_are_of_resources_that_the_policy_matches(policy):
    matched = {
        (rule.group, kind, operation, resource.partition("/")[2])
        for rule in policy.rules
        for resource, kind in rule.resources.items()
        for operation in rule.operations
    }
    for example in policy.examples:
        group = example.object["apiVersion"].rpartition("/")[0]
        operation = "CREATE" if example.old is None else "UPDATE"
        assert (group, example.object["kind"], operation, example.subresource) in matched, example.why
