"""An inference service under the real Flux, Kueue and KEDA: it comes with its tenant's rights, stays, and is drained.

Its servers are Pods that a stand-in binds and calls ready (``kubelet.py``); nothing runs in them. KEDA asks a Prometheus that
does not answer, so the number of servers is that of the bounds: what moves it by load is in ``test_scaling_loop.py``.
"""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from components import components
from flux import KUSTOMIZATION, NAMESPACE
from keda import keda
from kube_api import eventually
from kubelet import Kubelet, kubelet
from live_services import replicas, watched
from live_tenants import REGISTRY
from running_platform import CLUSTER

from goldenpath.fleet import PublishOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flux import Flux
    from kube_api import Api
    from running_platform import RunningPlatform

MISSING = components()["keda"].missing()
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}: make cluster-assets"),
    pytest.mark.usefixtures("kueue"),
]
NAME = "chat"
PROFILE = "nvidia-h100-80gb"
QUOTA = 8
FOUR = {"min": 4, "max": 4}
LONGEST_ANSWER = 120


@dataclass
class OneService:
    """A tenant with one service, published to the fleet."""

    platform: RunningPlatform
    flux: Flux
    tenant: str
    kubelet: Kubelet

    @property
    def api(self) -> Api:
        return self.platform.api

    @property
    def kustomization(self) -> str:
        return f"{self.tenant}.{NAME}"

    def publish(self, **changes: Any) -> str:
        request = {
            "golden_path": "inference-service/v1",
            "name": NAME,
            "tenant": self.tenant,
            "model": {
                "name": "Qwen/Qwen3-8B",
                "source": {"oci": f"oci://{REGISTRY}/models/qwen3-8b@sha256:{'2' * 64}"},
            },
            "accelerator": {"profile": PROFILE, "count": 1},
            "replicas": FOUR,
            "service_account": "server",
            "longest_answer": f"{LONGEST_ANSWER}s",
            **changes,
        }
        return self.platform._published(self.platform.fleet.publish(request))

    def pods(self) -> list[dict[str, Any]]:
        return self.api.list("v1", "Pod", self.tenant)

    def ready(self) -> list[dict[str, Any]]:
        return [
            pod
            for pod in self.pods()
            if {"type": "Ready", "status": "True"}.items()
            <= next((c for c in pod["status"].get("conditions", []) if c["type"] == "Ready"), {}).items()
        ]

    def object(self, version: str, kind: str, name: str = NAME) -> dict[str, Any]:
        body = {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": self.tenant}}
        answer = self.api.get(body)
        return answer.body if answer.ok else {}

    def watched(self, seconds: float) -> set[int]:
        return watched(self.api, self.tenant, NAME, seconds)


@pytest.fixture(scope="module")
def service(platform: RunningPlatform, flux: Flux) -> Iterator[OneService]:
    """Four servers, ready, as Flux has brought them."""
    name = f"s-{secrets.token_hex(4)}"
    revision = platform.publish(
        golden_path="tenant/v1",
        name=name,
        owner="a-team",
        clusters=[CLUSTER],
        gpus=[{"profile": PROFILE, "quota": QUOTA}],
        compute={"cpu": "64", "memory": "512Gi"},
        identity={"service_accounts": ["server"]},
    )
    flux.at(revision, "tenants", f"tenant-{name}")
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="gp-")))
        pods = running.enter_context(kubelet(platform.api, name, folder))
        one = OneService(platform, flux, name, pods)
        revision = one.publish()
        running.enter_context(keda(platform.api, folder, name))
        flux.at(revision, one.kustomization, seconds=180)
        yield one


def test_flux_applies_a_service_as_the_tenants_workload_account(service: OneService) -> None:
    body = KUSTOMIZATION | {"metadata": {"name": service.kustomization, "namespace": NAMESPACE}}
    assert service.api.get(body).body["spec"]["serviceAccountName"] == f"workloads-{service.tenant}"
    for version, kind in (("apps/v1", "Deployment"), ("v1", "Service"), ("policy/v1", "PodDisruptionBudget")):
        assert service.object(version, kind)["metadata"]["labels"]["goldenpath.dev/workload"] == NAME


def test_quota_queue_and_policies_admit_its_servers(service: OneService) -> None:
    eventually(lambda: len(service.ready()) == 4, lambda: f"four are ready, of {len(service.pods())}", 90)
    for pod in service.ready():
        assert pod["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == service.tenant
        assert not pod["spec"].get("schedulingGates")
    admitted = [
        workload
        for workload in service.api.list("kueue.x-k8s.io/v1beta2", "Workload", service.tenant)
        for condition in workload["status"]["conditions"]
        if (condition["type"], condition["status"]) == ("Admitted", "True")
    ]
    assert len(admitted) == 4
    quota = service.object("v1", "ResourceQuota", f"{service.tenant}-accelerators")
    assert quota["status"]["used"]["requests.nvidia.com/gpu"] == "4"


def test_three_reconciliations_leave_four_servers(service: OneService) -> None:
    deployment = service.object("apps/v1", "Deployment")
    seen = set()
    for _ in range(3):
        service.flux.has_reconciled(service.kustomization)
        seen |= service.watched(1)
    assert seen == {4}
    after = service.object("apps/v1", "Deployment")["metadata"]
    assert after["generation"] == deployment["metadata"]["generation"]


def test_bounds_that_begin_to_move_and_are_fixed_again_take_no_server_away(service: OneService) -> None:
    names = {pod["metadata"]["name"] for pod in service.pods()}
    seen = set()
    for bounds in ({"min": 4, "max": 6}, FOUR):
        service.flux.at(service.publish(replicas=bounds), service.kustomization, seconds=120)
        eventually(
            lambda bounds=bounds: (
                service.object("autoscaling/v2", "HorizontalPodAutoscaler")["spec"]["maxReplicas"]
                == bounds["max"]
            ),
            "KEDA has written the bounds",
        )
        seen |= service.watched(5)
    assert seen == {4}
    assert {pod["metadata"]["name"] for pod in service.pods()} == names


def test_a_scaler_that_is_taken_away_and_comes_back_takes_no_server_away(service: OneService) -> None:
    """As after a person's `kubectl delete`: Flux applies it anew, and KEDA makes its autoscaler again."""
    before = service.object("keda.sh/v1alpha1", "ScaledObject")
    assert service.api.delete(before).ok
    eventually(
        lambda: not service.object("autoscaling/v2", "HorizontalPodAutoscaler"), "its autoscaler is gone", 60
    )
    assert service.watched(5) == {4}
    service.flux.has_reconciled(service.kustomization)
    eventually(
        lambda: service.object("autoscaling/v2", "HorizontalPodAutoscaler"), "its autoscaler is back", 60
    )
    assert service.watched(5) == {4}


def test_retiring_drains_a_service(service: OneService) -> None:
    assert replicas(service.api, service.tenant, NAME) == 4
    options = PublishOptions(allow_removals=1000)
    fleet = service.platform.fleet
    service.platform._published(fleet.retire(f"{service.tenant}/{NAME}", options=options))
    eventually(lambda: not service.pods(), lambda: f"no server is left, but {len(service.pods())}", 120)
    eventually(lambda: not service.object("apps/v1", "Deployment"), "its Deployment is gone", 60)
    eventually(lambda: not service.object("keda.sh/v1alpha1", "ScaledObject"), "its scaler is gone", 60)
    # Each server may finish its longest answer before it is killed.
    (grace,) = service.kubelet.grace[NAME]
    assert grace > LONGEST_ANSWER
    guard_rails = service.object("v1", "ResourceQuota", f"{service.tenant}-compute")
    assert guard_rails["spec"]["hard"]["requests.cpu"] == "64"
