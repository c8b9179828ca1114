"""An inference service under Flux: published, applied with its tenant's rights, left at its size, and retired.

KEDA does not run here. Where the number of replicas changes, an administrator changes it by the scale subresource, as
the HorizontalPodAutoscaler that KEDA makes would. No kubelet runs either: Pods are said to be ready.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from kube_api import eventually
from live_tenants import REGISTRY

if TYPE_CHECKING:
    from flux import Flux
    from kube_api import Api
    from running_platform import RunningPlatform

NAME, KUSTOMIZATION = "assistant", "vision.assistant"
SERVICE: dict[str, Any] = {
    "golden_path": "inference-service/v1",
    "tenant": "vision",
    "name": NAME,
    "model": {
        "name": "meta-llama/Llama-3.2-1B-Instruct",
        "source": {"oci": f"oci://{REGISTRY}/models/llama-3.2-1b@sha256:{'2' * 64}"},
    },
    "accelerator": {"profile": "nvidia-h100-80gb/1g.10gb"},
    "engine": {"image": f"{REGISTRY}/serving/vllm@sha256:{'1' * 64}"},
    "replicas": {"min": 1, "max": 6},
    "service_account": "server",
}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": NAME, "namespace": "vision"},
}


def say_ready(api: Api) -> int:
    """Say of every Pod of the service that it runs and is ready, as a kubelet would; how many there are."""
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    pods = api.list("v1", "Pod", "vision", labelSelector=f"goldenpath.dev/workload={NAME}")
    for pod in pods:
        if pod.get("status", {}).get("phase") != "Running":
            body = {"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"]}
            api.merge(body, {"status": {"phase": "Running", "conditions": [ready]}}, "status")
    return len(pods)


def replicas(api: Api) -> int:
    number: int = api.get(DEPLOYMENT).body["spec"]["replicas"]
    return number


@pytest.fixture(scope="module")
def published(platform: RunningPlatform, flux: Flux, teams: object) -> str:
    """The service, as Flux has brought it; gives the commit."""
    commit = platform._published(platform.fleet.publish(SERVICE))

    def is_there() -> bool:
        say_ready(platform.api)
        return flux.is_at(commit, KUSTOMIZATION)

    eventually(is_there, lambda: f"Flux has brought it, but {flux.condition(KUSTOMIZATION)}", 180)
    return commit


def test_flux_applies_a_service_as_the_account_of_the_tenants_workloads(
    platform: RunningPlatform, flux: Flux, published: str
) -> None:
    assert flux.is_at(published, KUSTOMIZATION)
    spec = flux.kustomization(KUSTOMIZATION)["spec"]
    assert spec["serviceAccountName"] == "workloads-vision"
    inventory = flux.kustomization(KUSTOMIZATION)["status"]["inventory"]["entries"]
    kinds = {entry["id"].rpartition("_")[2] for entry in inventory}
    assert kinds >= {"Deployment", "Service", "ScaledObject", "PodDisruptionBudget", "PodMonitor"}


def test_three_reconciliations_leave_four_replicas(
    platform: RunningPlatform, flux: Flux, published: str
) -> None:
    answer = platform.api.merge(DEPLOYMENT, {"spec": {"replicas": 4}}, "scale")
    assert answer.ok, answer.message
    eventually(lambda: say_ready(platform.api) == 4, "four Pods are there", 60)
    say_ready(platform.api)
    for _ in range(3):
        flux.has_reconciled(KUSTOMIZATION)
        assert replicas(platform.api) == 4


def test_a_retired_service_goes_with_everything_that_it_had(
    platform: RunningPlatform, flux: Flux, published: str
) -> None:
    platform._published(platform.fleet.retire("vision/assistant"))
    eventually(lambda: not flux.kustomization(KUSTOMIZATION), "its Kustomization is gone", 120)
    assert not platform.api.get(DEPLOYMENT).ok
    left = platform.api.list("v1", "Pod", "vision", labelSelector=f"goldenpath.dev/workload={NAME}")
    assert left == []
    assert platform.api.get({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "vision"}}).ok
