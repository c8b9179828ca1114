from __future__ import annotations

import dataclasses

import pytest
from policy_requests import RECONCILER, create, manifests, namespace, pod, policy

from goldenpath.check.policy_evaluation import AdmissionRequest, PolicyDecision, check_policies, judge
from goldenpath.errors import DataError
from goldenpath.findings import Severity

REGISTRY = {"goldenpath.dev/registries": "registry.example"}
GPUS = {"goldenpath.dev/queue": "vision", "goldenpath.dev/accelerators": "nvidia.com/gpu"}
KUSTOMIZATION = {
    "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
    "kind": "Kustomization",
    "metadata": {"name": "apps", "namespace": "vision"},
    "spec": {"interval": "10m", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "apps"}},
}


def rules(*bodies, **where):
    return [finding.rule for finding in check_policies(manifests(*bodies), **where)]


def test_a_finding_has_its_place_the_problem_and_the_fix():
    (finding,) = check_policies(manifests(namespace(REGISTRY), pod("nginx")))

    assert finding.file == "pod.yaml"
    assert finding.object == "Pod vision/p"
    assert finding.field == "spec.containers[].image"
    assert (finding.rule, finding.severity) == ("image-registry", Severity.ERROR)
    assert finding.message == "It uses images from outside the tenant's registries: nginx."
    assert "goldenpath.dev/registries" in finding.fix


def test_the_field_of_a_template_is_where_the_template_is():
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "vision"}}
    cron = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c", "namespace": "vision"}}
    template = {"template": {"spec": {"containers": [{"name": "c", "image": "nginx"}]}}}
    objects = [
        namespace(REGISTRY),
        job | {"spec": template},
        cron | {"spec": {"jobTemplate": {"spec": template}}},
    ]

    fields = [finding.field for finding in check_policies(manifests(*objects))]

    assert fields == [
        "spec.template.spec.containers[].image",
        "spec.jobTemplate.spec.template.spec.containers[].image",
    ]


def test_the_namespace_may_come_after_the_object_or_from_elsewhere():
    assert rules(pod("nginx"), namespace(REGISTRY)) == ["image-registry"]
    assert rules(pod("nginx"), namespaces={"vision": namespace(REGISTRY)}) == ["image-registry"]
    assert rules(pod("nginx"), namespace(), namespaces={"vision": namespace(REGISTRY)}) == []


def test_objects_outside_of_tenants_are_not_checked():
    plain = namespace(REGISTRY)
    plain["metadata"]["labels"] = None

    assert rules(plain, pod("nginx")) == []
    assert rules(pod("nginx")) == []
    assert rules({"apiVersion": "v1", "kind": "Namespace", "metadata": None}, pod("nginx")) == []


def test_a_namespace_is_checked_by_its_own_labels():
    assert rules(namespace(**{"resource.kubernetes.io/admin-access": "true"})) == ["namespace-labels"]
    assert rules(namespace()) == []


def test_a_tenants_kustomization_must_name_the_account():
    account = {"goldenpath.dev/service-account": "vision-reconciler"}
    good = {**KUSTOMIZATION, "spec": {**KUSTOMIZATION["spec"], "serviceAccountName": "vision-reconciler"}}

    assert rules(namespace(account), KUSTOMIZATION) == ["flux-service-account"]
    assert rules(namespace(account), good) == []


def test_a_field_that_is_null_was_not_given():
    """The API server drops a null when it decodes an object, so an offline decision must accept it."""
    body = pod(
        "registry.example/a", nodeSelector=None, initContainers=None, volumes=None, priorityClassName=None
    )
    body["spec"]["containers"][0]["resources"] = None
    body["metadata"]["labels"] = None

    assert rules(namespace({**REGISTRY, "goldenpath.dev/queue": "vision"}), body) == []


def test_the_offline_user_is_the_tenants_flux_account():
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "u", "controller": True}
    body = pod("a")
    body["metadata"] |= {"ownerReferences": [owner], "labels": {"kueue.x-k8s.io/queue-name": "vision"}}
    body["spec"]["containers"][0]["resources"] = {"limits": {"nvidia.com/gpu": 1}}

    assert rules(namespace(GPUS), body) == ["gpu-owner"]


@pytest.mark.parametrize("quantity", [1, "1", "500m"])
def test_a_quantity_counts_as_text_and_as_number(quantity):
    body = pod("a")
    body["spec"]["containers"][0]["resources"] = {"requests": {"nvidia.com/gpu": quantity}}

    assert rules(namespace(GPUS), body) == ["gpu-queue"]
    assert rules(namespace(), body) == ["accelerator-resource"]


@pytest.mark.parametrize("zero", [0, "0"])
def test_a_quantity_of_zero_asks_for_nothing(zero):
    body = pod("a")
    body["spec"]["containers"][0]["resources"] = {"limits": {"nvidia.com/gpu": zero}}

    assert rules(namespace({"goldenpath.dev/queue": "vision"}), body) == []


class TestFailsClosed:
    def test_when_the_expression_meets_a_missing_key(self):
        broken = dataclasses.replace(policy("service-external-ips"), expression="object.spec.nothing == 1")

        verdict = judge(broken, create({"spec": {}}))

        assert (verdict.allowed, verdict.failed) == (False, True)
        assert "could not be evaluated" in verdict.message

    def test_when_the_answer_is_no_boolean_and_only_known_at_run_time(self):
        """The engine returns an error as a value that is true in Python."""
        with pytest.raises(DataError, match="service-external-ips"):
            judge(
                dataclasses.replace(policy("service-external-ips"), expression="object.spec"),
                create({"spec": "yes"}),
            )

    @pytest.mark.parametrize("expression", ["object.", "no_such_function(object)", "variables.missing"])
    def test_when_the_expression_does_not_compile(self, expression):
        with pytest.raises(DataError, match="service-external-ips"):
            judge(dataclasses.replace(policy("service-external-ips"), expression=expression), create({}))

    @pytest.mark.parametrize(
        "body",
        [
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "vision"}},
            pod() | {"spec": {"containers": "none"}},
            pod() | {"spec": {"containers": [None]}},
            pod() | {"spec": {"containers": [{"image": 7}]}},
            pod() | {"spec": {"containers": [{"image": 2**80}]}},
            pod() | {"spec": []},
        ],
    )
    def test_when_the_object_has_no_shape_that_an_api_server_would_take(self, body):
        findings = list(check_policies(manifests(namespace(REGISTRY), body)))

        assert "image-registry" in {finding.rule for finding in findings}
        assert all("could not be evaluated" in finding.message for finding in findings)

    def test_when_the_value_is_nothing_that_yaml_has(self):
        verdict = judge(policy("image-registry"), create(pod(object()), REGISTRY))

        assert (verdict.allowed, verdict.failed) == (False, True)

    def test_with_a_reason_of_one_short_line(self):
        body = pod() | {"spec": {"containers": {"x" * 1000 + "\n": "\x1b[31m"}}}

        (finding, *_) = check_policies(manifests(namespace(REGISTRY), body))

        assert finding.message.isprintable()
        assert len(finding.message) < 200


def test_a_message_that_cannot_be_made_leaves_the_refusal_with_its_plain_message():
    sample = dataclasses.replace(policy("image-registry"), message_expression="'x' + object.nothing.at.all")

    verdict = judge(sample, create(pod("nginx"), REGISTRY))

    assert (verdict.allowed, verdict.message) == (False, sample.message)


def test_a_message_never_carries_control_characters_of_the_object():
    verdict = judge(policy("image-registry"), create(pod("nginx\n\x1b[2J"), REGISTRY))

    assert (verdict.allowed, verdict.message) == (False, policy("image-registry").message)


def test_an_update_is_reported_from_a_creation_by_its_old_object():
    old, new = pod("nginx"), pod("nginx")
    new["metadata"] = {**new["metadata"], "labels": {"step": "one"}}

    assert judge(
        policy("image-registry"), AdmissionRequest(new, namespace(REGISTRY), RECONCILER, old)
    ).allowed
    assert not judge(policy("image-registry"), AdmissionRequest(new, namespace(REGISTRY), RECONCILER)).allowed


def test_a_text_that_reads_like_a_variable_stays_a_text():
    sample = dataclasses.replace(
        policy("service-external-ips"),
        expression="""'it\\'s variables.old' == "it's variables.old" && variables.old == []""",
    )

    assert judge(sample, create({"spec": {}})) == PolicyDecision(allowed=True)
