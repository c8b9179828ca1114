"""However a tenant asks for devices, and however it mixes the ways, it gets its quota: no more, and no less.

Who asks is the tenant's developer. What refuses is named: the quota, or the policy that stands where no quota counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from api_requests import (
    IMPLICIT,
    all_devices,
    claim,
    container,
    first_available,
    pod,
    template,
    with_claim,
    within,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kube_api import eventually
from live_tenants import FLEET

from goldenpath.accelerators import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from live_tenants import LiveTenant, Onboarding

    Ask = Callable[["Mode", str], dict[str, Any]]

LIMIT = 3
MOST_GPUS = 32  # in one request
H200 = "nvidia-h200-141gb"
VENDOR_CLASSES = [name for vendor in catalogue().vendors for name in vendor.device_classes]
RESOURCES = [name for vendor in catalogue().vendors for name in vendor.base_resource_names]


@dataclass(frozen=True)
class Mode:
    """A cluster that hands out devices in one way, and a tenant with a quota of three there."""

    pool: dict[str, Any]
    resource: str = ""
    device_class: str = ""
    queue: bool = False
    quota: int = LIMIT
    borrow: int = 0

    @property
    def fleet(self) -> dict[str, Any]:
        addons = {"flux": "2.9"} | ({"kueue": "0.19"} if self.queue else {})
        # The H200s are there in every mode, so that there is a class of the platform that is not the tenant's.
        others = [] if self.device_class == H200 else [{"profile": H200, "count": 32, "allocation": "dra"}]
        pools = [{"count": 64, **self.pool}, *others]
        cluster = {"region": "eu", "kubernetes": "1.36", "addons": addons, "accelerators": pools}
        return {**FLEET, "clusters": {"berlin": cluster}}

    def onboard(self, onboarding: Onboarding) -> LiveTenant:
        onboarding.platform(self.fleet)
        gpu = {"profile": self.pool["profile"], "quota": self.quota, "borrow": self.borrow}
        return onboarding.tenant(self.fleet, gpus=[gpu])


MODES = {
    "device-plugin": Mode({"profile": "nvidia-l4-24gb"}, resource="nvidia.com/gpu"),
    "device-plugin-with-a-queue": Mode(
        {"profile": "nvidia-h100-80gb"}, resource="nvidia.com/gpu", queue=True, quota=2, borrow=1
    ),
    "slices": Mode(
        {"profile": "nvidia-h100-80gb/1g.10gb", "mig_strategy": "mixed"}, resource="nvidia.com/mig-1g.10gb"
    ),
    "slices-that-look-like-devices": Mode(
        {"profile": "nvidia-h100-80gb/1g.10gb", "mig_strategy": "single"},
        resource="nvidia.com/gpu",
        queue=True,
    ),
    "shared": Mode(
        {"profile": "nvidia-l4-24gb", "sharing": {"mode": "time-slicing", "replicas": 2, "rename": True}},
        resource="nvidia.com/gpu.shared",
    ),
    "amd": Mode({"profile": "amd-mi300x"}, resource="amd.com/gpu", queue=True),
    "claims": Mode({"profile": H200, "allocation": "dra"}, device_class=H200),
    "claims-with-a-queue": Mode(
        {"profile": H200, "allocation": "dra"}, device_class=H200, queue=True, quota=1, borrow=2
    ),
    "claims-of-slices": Mode(
        {"profile": "nvidia-h100-80gb/1g.10gb", "allocation": "dra"}, device_class="nvidia-h100-80gb.1g.10gb"
    ),
}
BY_PLUGIN = {name: mode for name, mode in MODES.items() if mode.resource}
BY_CLAIM = {name: mode for name, mode in MODES.items() if mode.device_class}

# The ways that a mode grants, each for one device in the tenant's queue.
GRANTED_BY_PLUGIN: dict[str, Ask] = {
    "a Pod": lambda mode, queue: pod({mode.resource: 1}, queue=queue),
    "an init container": lambda mode, queue: pod(
        queue=queue, initContainers=[container({mode.resource: 1}, "gpu")]
    ),
    "a sidecar": lambda mode, queue: pod(
        queue=queue, initContainers=[container({mode.resource: 1}, "gpu") | {"restartPolicy": "Always"}]
    ),
    "a Pod with resources of its own": lambda mode, queue: pod(
        {mode.resource: 1}, queue=queue, resources={"limits": {"memory": "1Gi"}}
    ),
}
GRANTED_BY_CLAIM: dict[str, Ask] = {
    "a claim": lambda mode, queue: claim(mode.device_class),
    "the first available of its class": lambda mode, queue: first_available(*[mode.device_class] * 2),
    "the implicit resource of the class": lambda mode, queue: pod(
        {IMPLICIT + mode.device_class: 1}, queue=queue
    ),
}

# The ways that nobody is granted, and what stands in each.
REFUSED: dict[str, tuple[Any, str]] = {
    **{f"a claim of {name}": (claim(name), "device-class") for name in VENDOR_CLASSES},
    **{
        f"the implicit resource of {name}": (pod({IMPLICIT + name: 1}), "implicit-device-class")
        for name in VENDOR_CLASSES
    },
    "a claim of a class that nobody has heard of": (claim("no.such.class"), "device-class"),
    "the implicit resource of a class that nobody has heard of": (
        pod({IMPLICIT + "no.such.class": 1}),
        "implicit-device-class",
    ),
    "all devices of the vendor's class": (all_devices("gpu.nvidia.com"), "device-class"),
    "a template of the vendor's class": (template(claim("gpu.nvidia.com"), "t"), "device-class"),
    "a template of everything": (template(all_devices("gpu.nvidia.com"), "t"), "device-class"),
    "the first available, the vendor's class among them": (
        first_available(H200, "gpu.nvidia.com"),
        "device-class",
    ),
    "admin access": (claim("gpu.nvidia.com", adminAccess=True), "invalid"),
    "a template of admin access": (template(claim("gpu.nvidia.com", adminAccess=True), "t"), "invalid"),
}


@pytest.fixture(scope="module")
def tenants(onboarding):
    """One tenant of each mode, for what is refused anyway."""
    made: dict[str, LiveTenant] = {}

    def of(mode: str) -> LiveTenant:
        if mode not in made:
            made[mode] = MODES[mode].onboard(onboarding)
        return made[mode]

    return of


def asked(tenant: LiveTenant, body: dict[str, Any]) -> str:
    """What refuses it; empty where it is granted."""
    return tenant.developer.create(within(tenant.name, body)).refused_by


def until_refused(tenant: LiveTenant, body: dict[str, Any], most: int = LIMIT + 1) -> tuple[int, str]:
    for granted in range(most):
        if refused_by := asked(tenant, body):
            return granted, refused_by
    return most, ""


def queue_of(mode: Mode, tenant: LiveTenant) -> str:
    return tenant.name if mode.queue else ""


def granted(modes: dict[str, Mode], ways: dict[str, Any]) -> Any:
    return pytest.mark.parametrize(
        ("mode", "ask"),
        [
            pytest.param(mode, ask, id=f"{name}: {way}")
            for name, mode in modes.items()
            for way, ask in ways.items()
        ],
    )


@granted(BY_PLUGIN, GRANTED_BY_PLUGIN)
def test_the_device_plugins_resource_is_granted_up_to_the_quota(onboarding, mode, ask):
    tenant = mode.onboard(onboarding)

    assert until_refused(tenant, ask(mode, queue_of(mode, tenant))) == (LIMIT, "quota")


@granted(BY_CLAIM, GRANTED_BY_CLAIM)
def test_the_platforms_class_is_granted_up_to_the_quota(onboarding, mode, ask):
    tenant = mode.onboard(onboarding)

    assert until_refused(tenant, ask(mode, queue_of(mode, tenant))) == (LIMIT, "quota")


@pytest.mark.parametrize("name", BY_CLAIM)
def test_claims_from_a_template_are_made_up_to_the_quota(cluster, onboarding, name):
    mode = MODES[name]
    tenant = mode.onboard(onboarding)
    assert asked(tenant, template(claim(mode.device_class), "gpu")) == ""
    for _ in range(LIMIT + 1):
        using = with_claim({"resourceClaimTemplateName": "gpu"}, queue=queue_of(mode, tenant))
        assert asked(tenant, using) == ""

    def refused() -> bool:
        events = cluster.send("GET", f"/api/v1/namespaces/{tenant.name}/events").body["items"]
        return any(
            e["reason"] == "FailedResourceClaimCreation" and "exceeded quota" in e["message"] for e in events
        )

    eventually(refused, "the fourth claim is refused")
    claims = cluster.send("GET", f"/apis/resource.k8s.io/v1/namespaces/{tenant.name}/resourceclaims")
    assert len(claims.body["items"]) == LIMIT


@pytest.mark.parametrize("name", MODES)
@pytest.mark.parametrize("way", REFUSED)
def test_devices_without_a_grant_are_refused(tenants, name, way):
    tenant = tenants(name)
    body, wall = REFUSED[way]
    if MODES[name].queue and body["kind"] == "Pod":
        body = {**body, "metadata": pod(queue=tenant.name)["metadata"]}

    assert asked(tenant, body) == wall


@pytest.mark.parametrize("name", MODES)
def test_a_resource_name_that_is_not_the_tenants_is_refused(tenants, name):
    tenant, mode = tenants(name), MODES[name]
    others = [resource for resource in RESOURCES if resource != mode.resource]

    walls = {resource: asked(tenant, pod({resource: 1}, queue=queue_of(mode, tenant))) for resource in others}

    # The policy speaks before the quota; both stand.
    assert walls == dict.fromkeys(others, "accelerator-resource")
    hard = tenant.object("ResourceQuota", f"{tenant.name}-accelerators")["spec"]["hard"]
    assert {hard[f"requests.{resource}"] for resource in others} == {"0"}


@pytest.mark.parametrize("name", BY_PLUGIN)
def test_a_class_of_the_platform_that_is_not_the_tenants_is_refused(tenants, name):
    tenant, mode = tenants(name), MODES[name]

    assert asked(tenant, claim(H200)) == "device-class"
    assert asked(tenant, pod({IMPLICIT + H200: 1}, queue=queue_of(mode, tenant))) == "implicit-device-class"


@pytest.mark.parametrize("name", BY_CLAIM)
def test_all_devices_of_the_tenants_class_are_more_than_its_quota(tenants, name):
    assert asked(tenants(name), all_devices(MODES[name].device_class)) == "quota"


@pytest.mark.parametrize("name", BY_CLAIM)
def test_a_claim_with_the_schedulers_annotation_is_refused(tenants, name):
    body = claim(MODES[name].device_class)
    body["metadata"]["annotations"] = {"resource.kubernetes.io/extended-resource-claim": "true"}

    assert asked(tenants(name), body) == "scheduler-claim"


@pytest.mark.parametrize("name", [name for name, mode in MODES.items() if mode.queue])
class TestWithAQueue:
    def devices(self, mode: Mode) -> dict[str, int]:
        return {mode.resource or IMPLICIT + mode.device_class: 1}

    def test_a_pod_outside_it_is_refused(self, tenants, name):
        assert asked(tenants(name), pod(self.devices(MODES[name]))) == "gpu-queue"

    def test_a_pod_in_somebody_elses_is_refused(self, tenants, name):
        assert asked(tenants(name), pod(self.devices(MODES[name]), queue="other")) == "gpu-queue"

    def test_a_pod_with_a_claim_outside_it_is_refused(self, tenants, name):
        assert asked(tenants(name), with_claim({"resourceClaimName": "gpu"})) == "gpu-queue"

    def test_a_forged_owner_is_refused(self, tenants, name):
        tenant = tenants(name)
        body = pod(self.devices(MODES[name]), queue=tenant.name)
        body["metadata"]["ownerReferences"] = [
            {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "0", "controller": True}
        ]

        assert asked(tenant, body) == "gpu-owner"


class TestTwoModelsBehindOneName:
    """An L4 and a T4 are both ``nvidia.com/gpu``. The tenant has T4s."""

    def tenant(self, onboarding: Onboarding, addons: dict[str, str]) -> LiveTenant:
        pools = [{"profile": "nvidia-l4-24gb", "count": 8}, {"profile": "nvidia-t4-16gb", "count": 8}]
        cluster = {"region": "eu", "kubernetes": "1.36", "addons": addons, "accelerators": pools}
        fleet = {**FLEET, "clusters": {"berlin": cluster}}
        onboarding.platform(fleet)
        return onboarding.tenant(fleet, gpus=[{"profile": "nvidia-t4-16gb", "quota": LIMIT}])

    def test_without_a_queue_a_pod_names_the_tenants_model(self, onboarding):
        tenant = self.tenant(onboarding, {"flux": "2.9"})
        one = {"nvidia.com/gpu": 1}
        model = "nvidia.com/gpu.product"

        assert asked(tenant, pod(one)) == "gpu-model"
        assert asked(tenant, pod(one, nodeSelector={model: "NVIDIA-L4"})) == "gpu-model"
        assert until_refused(tenant, pod(one, nodeSelector={model: "Tesla-T4"})) == (LIMIT, "quota")

    def test_a_queue_places_a_pod_on_the_tenants_model(self, onboarding):
        tenant = self.tenant(onboarding, {"flux": "2.9", "kueue": "0.19"})
        one = {"nvidia.com/gpu": 1}

        assert asked(tenant, pod(one)) in {"gpu-queue", "gpu-model"}  # both refuse it
        assert until_refused(tenant, pod(one, queue=tenant.name)) == (LIMIT, "quota")


@pytest.mark.parametrize("name", MODES)
def test_a_pod_without_requests_is_admitted_and_gets_some(tenants, cluster, name):
    tenant = tenants(name)
    answer = tenant.developer.create(within(tenant.name, pod()))

    assert answer.ok, answer.message
    resources = answer.body["spec"]["containers"][0]["resources"]
    assert resources["requests"].keys() == {"cpu", "memory"}


MIXTURES = st.lists(st.tuples(st.integers(0, 3), st.integers(1, LIMIT)), min_size=2, max_size=6)


@pytest.mark.parametrize("name", ["device-plugin-with-a-queue", "claims", "claims-with-a-queue"])
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mixture=MIXTURES)
def test_no_mixture_of_ways_gets_more_than_the_quota_and_the_last_device_is_granted(
    onboarding, name, mixture
):
    mode = MODES[name]
    tenant = mode.onboard(onboarding)
    queue = queue_of(mode, tenant)
    if mode.resource:
        ways = [
            lambda count: pod({mode.resource: count}, queue=queue),
            lambda count: pod(queue=queue, initContainers=[container({mode.resource: count}, "gpu")]),
            lambda count: claim("gpu.nvidia.com", count),
            lambda count: pod({"nvidia.com/gpu.shared": count}, queue=queue),
        ]
    else:
        ways = [
            lambda count: claim(mode.device_class, count),
            lambda count: pod({IMPLICIT + mode.device_class: count}, queue=queue),
            lambda count: first_available(mode.device_class, mode.device_class, count=count),
            lambda count: pod({"nvidia.com/gpu": count}, queue=queue),
        ]
    total = sum(count for way, count in mixture if not asked(tenant, ways[way](count)))

    assert total <= LIMIT
    assert total + until_refused(tenant, ways[0](1))[0] == LIMIT


def every_name(allocation: str) -> dict[str, str]:
    """A profile for each name of devices: of a resource, or of the class of a whole model."""
    if allocation == "dra":
        models = [model for model in catalogue().models if allocation in model.allocations]
        return {model.device_class: model.id for model in models}
    return {accelerator.resource_name(): accelerator.id for accelerator in reversed([*catalogue()])}


@pytest.mark.parametrize("allocation", ["device-plugin", "dra"])
def test_every_name_of_the_catalogue_is_held_to_its_quota(onboarding, allocation):
    profiles = every_name(allocation)
    pools = [{"profile": profile, "count": 8, "allocation": allocation} for profile in profiles.values()]
    cluster = {"region": "eu", "kubernetes": "1.36", "addons": {"flux": "2.9"}, "accelerators": pools}
    fleet = {**FLEET, "clusters": {"berlin": cluster}}
    onboarding.platform(fleet)
    ask = claim if allocation == "dra" else lambda name: pod({name: 1})
    names = sorted(profiles)
    granted = {}
    for start in range(0, len(names), MOST_GPUS):
        some = names[start : start + MOST_GPUS]
        tenant = onboarding.tenant(fleet, gpus=[{"profile": profiles[name], "quota": 1} for name in some])
        granted |= {name: until_refused(tenant, ask(name), 2) for name in some}

    assert granted == dict.fromkeys(names, (1, "quota"))
