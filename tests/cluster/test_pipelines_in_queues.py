"""Runs of a model pipeline under the real Flux and Kueue: each waits for its quota, starts, and happens once.

Flux applies a Job again at each reconcile; Kueue suspends it and lets it go. Neither takes back what the other has done, since
`suspend` is not rendered. A stand-in for the kubelet says how the Pods ended: the test itself.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest
from ended_pods import succeed
from kube_api import eventually
from live_tenants import REGISTRY
from running_platform import CLUSTER

if TYPE_CHECKING:
    from flux import Flux
    from kube_api import Api
    from running_platform import RunningPlatform

pytestmark = pytest.mark.usefixtures("kueue")

# Both are nvidia.com/gpu, and a free one of the other kind does not do.
OTHER, PROFILE = "nvidia-h100-80gb", "nvidia-l40s-48gb"
RECONCILES = 3


class Runs:
    """A tenant with room for one run on these accelerators, and its runs."""

    def __init__(self, platform: RunningPlatform, flux: Flux) -> None:
        self.platform, self.flux = platform, flux
        self.api: Api = platform.api
        self.tenant = f"r-{secrets.token_hex(4)}"
        revision = platform.publish(
            golden_path="tenant/v1",
            name=self.tenant,
            owner="a-team",
            clusters=[CLUSTER],
            gpus=[{"profile": OTHER, "quota": 1}, {"profile": PROFILE, "quota": 1}],
            compute={"cpu": "64", "memory": "512Gi"},
        )
        flux.at(revision, "tenants", f"tenant-{self.tenant}")

    def publish(self, name: str) -> None:
        """Publish a run of one accelerator; Flux has applied it afterwards."""
        request = {
            "golden_path": "model-pipeline/v1",
            "name": name,
            "tenant": self.tenant,
            "datasets": [{"name": "reports", "oci": f"oci://{REGISTRY}/datasets/reports@sha256:{'1' * 64}"}],
            "image": f"{REGISTRY}/trainer@sha256:{'4' * 64}",
            "output": f"oci://{REGISTRY}/models/{name}",
            "accelerator": {"profile": PROFILE},
        }
        revision = self.platform._published(self.platform.fleet.publish(request))
        self.flux.at(revision, f"{self.tenant}.{name}", seconds=180)

    def reconcile(self, name: str) -> None:
        """Let Flux apply a run once more."""
        self.flux.has_reconciled(f"{self.tenant}.{name}")

    def job(self, name: str) -> dict[str, Any]:
        """The Job of a run."""
        (body,) = (
            each
            for each in self.api.list("batch/v1", "Job", self.tenant)
            if each["metadata"]["labels"]["goldenpath.dev/workload"] == name
        )
        return body

    def pods(self, name: str) -> list[dict[str, Any]]:
        """The Pods of a run."""
        owner = self.job(name)["metadata"]["uid"]
        there = self.api.list("v1", "Pod", self.tenant)
        return [pod for pod in there if pod["metadata"]["ownerReferences"][0]["uid"] == owner]

    def is_complete(self, name: str) -> bool:
        """Whether the run has ended well."""
        conditions = self.job(name).get("status", {}).get("conditions", [])
        return any((each["type"], each["status"]) == ("Complete", "True") for each in conditions)


@pytest.fixture(scope="module")
def runs(platform: RunningPlatform, flux: Flux) -> Runs:
    """The first run has the quota, and the second waits."""
    made = Runs(platform, flux)
    made.publish("first")
    eventually(
        lambda: len(made.pods("first")) == 1, lambda: f"the first has its Pod: {made.job('first')}", 60
    )
    made.publish("second")
    return made


def test_a_run_waits_for_quota_and_flux_does_not_start_it(runs: Runs) -> None:
    before = runs.job("second")
    for _ in range(RECONCILES):
        runs.reconcile("second")
    now = runs.job("second")
    assert now["spec"]["suspend"] is True
    assert now["metadata"]["generation"] == before["metadata"]["generation"]
    assert runs.pods("second") == []


def test_a_run_gets_its_requested_accelerator(runs: Runs) -> None:
    (pod,) = runs.pods("first")
    assert pod["spec"]["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-L40S"}


def test_a_run_that_was_admitted_stays_so_when_flux_applies_it_again(runs: Runs) -> None:
    before = runs.job("first")
    assert before["spec"]["suspend"] is False
    for _ in range(RECONCILES):
        runs.reconcile("first")
    assert runs.job("first")["metadata"]["generation"] == before["metadata"]["generation"]
    writers = {
        each["manager"]
        for each in runs.job("first")["metadata"]["managedFields"]
        if "f:suspend" in each["fieldsV1"].get("f:spec", {})
    }
    assert writers == {"kueue"}


def test_a_run_happens_once_and_the_next_gets_its_quota(runs: Runs) -> None:
    (pod,) = runs.pods("first")
    succeed(runs.api, pod)
    eventually(lambda: runs.is_complete("first"), "the first is complete", 60)
    eventually(lambda: len(runs.pods("second")) == 1, lambda: f"the second starts: {runs.job('second')}", 60)
    for _ in range(RECONCILES):
        runs.reconcile("first")
    assert runs.is_complete("first")
    assert [each["metadata"]["uid"] for each in runs.pods("first")] == [pod["metadata"]["uid"]]
