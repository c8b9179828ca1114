"""Only named accounts count as the controller of a workload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_requests import namespace, pod, policy
from small_requests import cluster, fleet

from goldenpath.check.policy_evaluation import AdmissionRequest, judge
from goldenpath.spec.parse import parse_fleet
from goldenpath.tenancy import Platform, platforms_of

if TYPE_CHECKING:
    from goldenpath.policies import Policy

QUEUE = {"goldenpath.dev/queue": "vision"}
GATE = {"schedulingGates": [{"name": "kueue.x-k8s.io/admission"}]}
KUBERNETES = {
    "system:kube-controller-manager",
    *(
        f"system:serviceaccount:kube-system:{name}"
        for name in (
            "cronjob-controller", "daemon-set-controller", "deployment-controller", "generic-garbage-collector",
            "job-controller", "replicaset-controller", "replication-controller", "statefulset-controller",
        )
    ),
}  # fmt: skip


def platform(**changes: Any) -> Platform:
    return platforms_of(parse_fleet(fleet(clusters={"berlin": cluster(**changes)})))["berlin"]


def owned() -> dict[str, Any]:
    """A GPU Pod that names a Job as its controller."""
    body = pod(containers=[{"name": "main", "image": "a", "resources": {"limits": {"nvidia.com/gpu": "1"}}}])
    body["metadata"]["ownerReferences"] = [
        {"apiVersion": "batch/v1", "kind": "Job", "name": "train", "uid": "1", "controller": True}
    ]
    return body


def claims(rule: Policy, user: str) -> bool:
    """Whether this user may make a Pod that claims to be a controller's."""
    return judge(rule, AdmissionRequest(owned(), namespace(QUEUE), user)).allowed


def opens(rule: Policy, user: str) -> bool:
    """Whether this user may take Kueue's gate off a Pod."""
    return judge(rule, AdmissionRequest(pod(), namespace(QUEUE), user, pod(**GATE))).allowed


def test_without_addons_only_kubernetes_accounts_are_controllers() -> None:
    assert set(platform().controllers) == KUBERNETES


def test_an_addon_that_owns_workloads_brings_its_accounts() -> None:
    here = platform(addons={"flux": "2.9", "kueue": "0.19", "cilium": "1.20", "lws": "0.10"})
    assert set(here.controllers) - KUBERNETES == {
        "system:serviceaccount:kueue-system:kueue-controller-manager",
        "system:serviceaccount:lws-system:lws-controller-manager",
    }


def test_accounts_are_where_the_fleet_says() -> None:
    here = platform(
        addons={"kueue": "0.19", "keda": "2.20"},
        addon_places={"kueue": {"namespace": "queues"}, "keda": {"service_accounts": ["a", "b"]}},
        controllers=["ray-system/kuberay-operator"],
    )
    assert set(here.controllers) - KUBERNETES == {
        "system:serviceaccount:queues:kueue-controller-manager",
        "system:serviceaccount:keda:a",
        "system:serviceaccount:keda:b",
        "system:serviceaccount:ray-system:kuberay-operator",
    }


@pytest.mark.parametrize(("rule", "may"), [("gpu-owner", claims), ("gpu-gate", opens)])
def test_exactly_the_controllers_of_a_cluster_may(rule: str, may: Any) -> None:
    here = platform(addons={"kueue": "0.19"}, controllers=["ray-system/kuberay-operator"])
    of_this_cluster = policy(rule).with_controllers(here.controllers)
    for user in here.controllers:
        assert may(of_this_cluster, user), user
    for user in (
        "system:serviceaccount:lws-system:lws-controller-manager",
        "system:serviceaccount:kueue-system:default",
        "system:serviceaccount:flux-system:kustomize-controller",
        "system:serviceaccount:flux-system:vision",
        "system:serviceaccount:speech:speech-reconciler",
        "system:serviceaccount:vision:vision-reconciler",
        "system:serviceaccount:kube-system:default",
        "system:serviceaccount:ray-system:kuberay-operator-2",
        "oidc:mallory",
        "kube-controller-manager",
    ):
        assert not may(of_this_cluster, user), user


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.text("abc-.", min_size=1, max_size=10))
def test_no_other_user_is_a_controller(user: str, part: str) -> None:
    here = platform(addons={"kueue": "0.19"})
    rule = policy("gpu-owner").with_controllers(here.controllers)
    for name in (user, f"system:serviceaccount:{part}:{part}", f"system:serviceaccount:kube-system:{part}"):
        if name not in here.controllers:
            assert not claims(rule, name)


def test_a_policy_that_asks_no_ones_name_is_the_same_on_every_cluster() -> None:
    rule = policy("image-registry")
    assert rule.with_controllers(["system:serviceaccount:a:b"]) is rule
