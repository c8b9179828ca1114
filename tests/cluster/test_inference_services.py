"""Inference services on a real API server: every example applied with its tenant's rights, and the number of replicas.

Controllers of Kubernetes run; those of KEDA, KServe and LeaderWorkerSet do not. What is theirs is accepted here, and
nothing says that it runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from kube_api import Api, eventually
from live_services import Served, replicas, serve, watched

from goldenpath import kubeyaml
from goldenpath.paths import builtin_folder

if TYPE_CHECKING:
    from pathlib import Path

    from live_tenants import Onboarding

EXAMPLES = sorted((builtin_folder() / "inference-service" / "examples").iterdir())


def served(onboarding: Onboarding, example: Path, **addons: str | None) -> Served:
    """The tenant of an example, applied; its service is not yet. ``addons`` changes those of the cluster."""
    fleet = kubeyaml.load_file(example / "fleet.yaml")
    there = fleet["clusters"]["berlin"]["addons"] | addons
    fleet["clusters"]["berlin"]["addons"] = {name: version for name, version in there.items() if version}
    tenant = kubeyaml.load_file(example / "tenants" / "vision" / "tenant.yaml")
    return serve(onboarding, fleet, tenant, kubeyaml.load_file(example / "spec.yaml"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_object_is_accepted_strictly_and_the_second_time_changes_nothing(
    custom_resources: Api, onboarding: Onboarding, example: Path
) -> None:
    service = served(onboarding, example)
    objects = service.objects()
    assert {item.kind for item in objects} >= {"Service", "PodDisruptionBudget"}
    # What a controller writes between the two is its own: the same bytes are sent at once.
    for item in objects:
        first = service.account.apply(item.body)
        assert first.ok, f"{item}: {first.message}"
        second = service.account.apply(item.body)
        assert second.ok, f"{item}: {second.message}"
        assert second.body["metadata"].get("generation") == first.body["metadata"].get("generation"), item
        assert first.warnings == (), f"{item}: {first.warnings}"


def four_h100() -> Path:
    return next(example for example in EXAMPLES if example.name == "four-h100")


@pytest.fixture(scope="module")
def fixed_at_four(custom_resources: Api, onboarding: Onboarding) -> Served:
    """A service of four servers, as a HorizontalPodAutoscaler without metrics holds them."""
    service = served(onboarding, four_h100(), keda=None, kueue=None)
    service.apply(replicas={"min": 4, "max": 4})
    eventually(
        lambda: replicas(onboarding.api, service.tenant, "summariser") == 4, "the scaler has made it four", 90
    )
    return service


def test_the_pods_are_admitted_by_quota_and_policies(onboarding: Onboarding, fixed_at_four: Served) -> None:
    def pods() -> list[dict[str, Any]]:
        return onboarding.api.list("v1", "Pod", fixed_at_four.tenant)

    eventually(lambda: len(pods()) == 4, "four Pods are there", 60)
    (container,) = pods()[0]["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "4"
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": f"{fixed_at_four.tenant}-accelerators", "namespace": fixed_at_four.tenant},
    }
    eventually(
        lambda: onboarding.api.get(quota).body["status"]["used"]["requests.nvidia.com/gpu"] == "16",
        "the quota counts sixteen accelerators",
    )


def test_applying_three_times_leaves_four_replicas(onboarding: Onboarding, fixed_at_four: Served) -> None:
    seen = set()
    for _ in range(3):
        fixed_at_four.apply(replicas={"min": 4, "max": 4})
        seen |= watched(onboarding.api, fixed_at_four.tenant, "summariser", 2)
    assert seen == {4}


def test_a_number_that_begins_to_move_and_is_fixed_again_never_dips(
    onboarding: Onboarding, fixed_at_four: Served
) -> None:
    seen = set()
    for bounds in ({"min": 4, "max": 6}, {"min": 4, "max": 4}, {"min": 2, "max": 6}):
        fixed_at_four.apply(replicas=bounds)
        seen |= watched(onboarding.api, fixed_at_four.tenant, "summariser", 4)
    assert seen == {4}
    fixed_at_four.apply(replicas={"min": 4, "max": 4})


def test_removing_the_scaler_keeps_the_running_pods(onboarding: Onboarding, fixed_at_four: Served) -> None:
    (scaler,) = [item for item in fixed_at_four.objects() if item.kind == "HorizontalPodAutoscaler"]
    assert fixed_at_four.account.delete(scaler.body).ok
    assert watched(onboarding.api, fixed_at_four.tenant, "summariser", 4) == {4}
    fixed_at_four.apply(replicas={"min": 4, "max": 4})


def test_a_number_that_flux_stops_writing_falls_back_to_one(
    onboarding: Onboarding, fixed_at_four: Served
) -> None:
    """Why the number stands in the scaler: this is what would happen to a number in the Deployment."""
    (server,) = [item for item in fixed_at_four.objects() if item.kind == "Deployment"]
    name = {**server.body["metadata"], "name": "other"}
    body = {**server.body, "metadata": name, "spec": {**server.body["spec"], "replicas": 4}}
    assert fixed_at_four.account.apply(body).ok
    answer = fixed_at_four.account.apply({**body, "spec": server.body["spec"]})
    assert answer.body["spec"]["replicas"] == 1
    assert fixed_at_four.account.delete(body).ok


def test_the_workload_account_cannot_widen_its_tenants_rights(
    onboarding: Onboarding, fixed_at_four: Served
) -> None:
    """A route for a host of somebody else is refused by the real policy, and so is another Prometheus."""
    (route,) = [item for item in fixed_at_four.objects() if item.kind == "HTTPRoute"]
    stolen = {**route.body, "spec": {**route.body["spec"], "hostnames": ["other.example.org"]}}
    answer = fixed_at_four.account.apply(stolen)
    assert not answer.ok
    assert "route-scope" in answer.message
    assert onboarding.api.get(route.body).body["spec"]["hostnames"] == ["summariser.vision.example.org"]
