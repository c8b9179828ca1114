"""Only accounts that the fleet names may act as controllers, on a real API server."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest
from api_requests import QUEUE, pod, within
from kube_api import MERGE
from live_tenants import FLEET

from goldenpath.spec.parse import parse_fleet
from goldenpath.tenancy import platforms_of

if TYPE_CHECKING:
    from kube_api import Answer, Api
    from live_tenants import LiveTenant, Onboarding

ON: dict[str, Any] = {
    **FLEET,
    "clusters": {
        "berlin": {
            "region": "eu",
            "kubernetes": "1.36",
            "addons": {"flux": "2.9", "keda": "2.20", "kueue": "0.19"},
            "addon_places": {"keda": {"namespace": "scaling"}},
            "controllers": ["ray-system/kuberay-operator"],
            "accelerators": [{"profile": "nvidia-h100-80gb", "count": 8}],
        }
    },
}
CONTROLLERS = platforms_of(parse_fleet(ON))["berlin"].controllers
OTHERS = [
    "system:serviceaccount:keda:keda-operator",
    "system:serviceaccount:scaling:default",
    "system:serviceaccount:lws-system:lws-controller-manager",
    "system:serviceaccount:flux-system:kustomize-controller",
    "system:serviceaccount:flux-system:{tenant}",
    "system:serviceaccount:{tenant}:{tenant}-reconciler",
    "system:serviceaccount:another:another-reconciler",
    "system:serviceaccount:kube-system:default",
    "system:serviceaccount:kueue-system:default",
    "oidc:mallory",
]


@pytest.fixture(scope="module")
def tenant(onboarding: Onboarding) -> LiveTenant:
    onboarding.platform(ON)
    return onboarding.tenant(ON, gpus=[{"profile": "nvidia-h100-80gb", "quota": 8}])


def as_controller(api: Api, tenant: LiveTenant, user: str) -> Answer:
    """Make a GPU Pod that is in the queue by its label and claims to be a Job's; every right but the policies' given."""
    body = within(tenant.name, pod({"nvidia.com/gpu": 1}, queue=tenant.name))
    body["metadata"]["ownerReferences"] = [
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": "train",
            "uid": secrets.token_hex(8),
            "controller": True,
        }
    ]
    body["spec"]["nodeSelector"] = {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}
    body["spec"]["containers"][0]["resources"] |= {"requests": {"cpu": "1", "memory": "64Mi"}}
    return api.acting_as(user.replace("{tenant}", tenant.name), "system:masters").create(body, dry_run=True)


@pytest.mark.parametrize("user", CONTROLLERS)
def test_a_named_controller_may_own_a_gpu_workload(cluster, tenant, user):
    answer = as_controller(cluster, tenant, user)
    assert answer.ok, answer.message


@pytest.mark.parametrize("user", OTHERS)
def test_only_the_controller_may_name_itself_as_the_owner(cluster, tenant, user):
    assert as_controller(cluster, tenant, user).refused_by == "gpu-owner"


@pytest.fixture(scope="module")
def gated(cluster: Api, tenant: LiveTenant) -> dict[str, Any]:
    """A Pod behind Kueue's gate."""
    body = within(tenant.name, pod())
    body["metadata"]["labels"] = {QUEUE: tenant.name}
    body["spec"]["schedulingGates"] = [{"name": "kueue.x-k8s.io/admission"}]
    answer = cluster.create(body)
    assert answer.ok, answer.message
    return {**body, "metadata": answer.body["metadata"]}


def open_gate(api: Api, tenant: LiveTenant, gated: dict[str, Any], user: str) -> Answer:
    asking = api.acting_as(user.replace("{tenant}", tenant.name), "system:masters")
    return asking.send("PATCH", api.path(gated), {"spec": {"schedulingGates": None}}, MERGE, dryRun="All")


@pytest.mark.parametrize("user", CONTROLLERS)
def test_a_named_controller_may_open_the_gate(cluster, tenant, gated, user):
    answer = open_gate(cluster, tenant, gated, user)
    assert answer.ok, answer.message


@pytest.mark.parametrize("user", OTHERS)
def test_other_users_may_not_open_it(cluster, tenant, gated, user):
    assert open_gate(cluster, tenant, gated, user).refused_by == "gpu-gate"
