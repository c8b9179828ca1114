"""The scheduler binds Pods up to the last device of the quota, for each way to request it.

The Nodes are made up, and have a taint of their own, so that no other Pod takes their devices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from api_requests import IMPLICIT, claim, pod, with_claim, within
from kube_api import eventually
from live_tenants import FLEET
from nodes import made_up_node, only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kube_api import Api
    from live_tenants import LiveTenant, Onboarding

QUOTA = 4
H200 = "nvidia-h200-141gb"


@pytest.fixture
def node(cluster: Api) -> Iterator[dict[str, Any]]:
    """A Node of 64 CPUs and more devices than any quota here."""
    with made_up_node(cluster, {"nvidia.com/gpu": "16"}) as body:
        yield body


@pytest.fixture
def devices(cluster: Api, node: dict[str, Any]) -> Iterator[None]:
    """Sixteen H200s on the Node, as the vendor's driver would tell of them."""
    name = node["metadata"]["name"]
    attributes = {"type": {"string": "gpu"}, "productName": {"string": "NVIDIA H200"}}
    body = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": name},
        "spec": {
            "driver": "gpu.nvidia.com",
            "nodeName": name,
            "pool": {"name": name, "generation": 1, "resourceSliceCount": 1},
            "devices": [{"name": f"gpu-{i}", "attributes": attributes} for i in range(16)],
        },
    }
    answer = cluster.create(body)
    assert answer.ok, answer.message
    yield
    assert cluster.delete(body).ok


def tenant_of(onboarding: Onboarding, pool: dict[str, Any]) -> LiveTenant:
    pools = [{"count": 16, **pool}]
    cluster = {"region": "eu", "kubernetes": "1.36", "addons": {"flux": "2.9"}, "accelerators": pools}
    fleet = {**FLEET, "clusters": {"berlin": cluster}}
    onboarding.platform(fleet)
    return onboarding.tenant(fleet, gpus=[{"profile": pool["profile"], "quota": QUOTA}])


class Scheduling:
    """Pods of a tenant that may run on one Node."""

    def __init__(self, tenant: LiveTenant, node: dict[str, Any]) -> None:
        self.tenant = tenant
        self._only = only(node)

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["kind"] == "Pod":
            body = {**body, "spec": body["spec"] | self._only}
        answer = self.tenant.developer.create(within(self.tenant.name, body))
        assert answer.ok, answer.message
        return {"apiVersion": body["apiVersion"], "kind": body["kind"], **answer.body}

    def is_bound(self, body: dict[str, Any]) -> bool:
        return bool(self.tenant.developer.get(body).body["spec"].get("nodeName"))

    def all_are_bound(self, pods: list[dict[str, Any]]) -> bool:
        return eventually(lambda: all(self.is_bound(body) for body in pods), "every Pod has a Node")


def test_the_last_device_of_a_device_plugin_is_usable(onboarding, node):
    tenant = tenant_of(onboarding, {"profile": "nvidia-h100-80gb"})
    scheduling = Scheduling(tenant, node)

    assert scheduling.all_are_bound([scheduling.create(pod({"nvidia.com/gpu": 1})) for _ in range(QUOTA)])


def test_the_last_device_of_a_class_is_usable_by_any_mixture_of_ways(onboarding, cluster, node, devices):
    tenant = tenant_of(onboarding, {"profile": H200, "allocation": "dra"})
    scheduling = Scheduling(tenant, node)
    made = scheduling.create(claim(H200, 2))
    pods = [
        scheduling.create(with_claim({"resourceClaimName": made["metadata"]["name"]})),
        scheduling.create(pod({IMPLICIT + H200: 1})),
        scheduling.create(pod({IMPLICIT + H200: 1})),
    ]

    assert scheduling.all_are_bound(pods)
    # The scheduler's own claims for the last two are charged as they are: once.
    used = cluster.get(tenant.object("ResourceQuota", f"{tenant.name}-accelerators")).body["status"]["used"]
    assert {key: count for key, count in used.items() if count != "0"} == {
        f"{H200}.deviceclass.resource.k8s.io/devices": str(QUOTA),
        f"requests.{IMPLICIT}{H200}": str(QUOTA),
    }


def test_a_device_that_was_given_back_is_usable_again(onboarding, node, devices):
    tenant = tenant_of(onboarding, {"profile": H200, "allocation": "dra"})
    scheduling = Scheduling(tenant, node)
    pods = [scheduling.create(pod({IMPLICIT + H200: 2})) for _ in range(2)]
    assert scheduling.all_are_bound(pods)
    assert not tenant.developer.create(within(tenant.name, pod({IMPLICIT + H200: 1}))).ok

    assert tenant.developer.delete(pods[0]).ok

    another = within(tenant.name, pod({IMPLICIT + H200: 2}))
    eventually(lambda: tenant.developer.create(another, dry_run=True).ok, "the quota has room again")
    assert scheduling.all_are_bound([scheduling.create(another)])
