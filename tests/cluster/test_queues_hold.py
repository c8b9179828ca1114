"""Rendered queues under the real Kueue: workloads start, wait, borrow and are evicted."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from api_requests import QUEUE, within
from kube_api import eventually
from live_tenants import in_order
from running_platform import CLUSTER, SAMPLES
from stories import stories
from team_pages import shown_jobs

from goldenpath.pipeline import Pipeline, load, load_fleet, parse

if TYPE_CHECKING:
    from kube_api import Api
    from live_tenants import LiveTenant
    from running_platform import RunningPlatform

    from goldenpath.manifests import Manifests

KUEUE = "kueue.x-k8s.io/v1beta2"
A30 = "nvidia-a30-24gb"
# No other test has these: who lends, and how many, must be known.
ONE_LENDS, NOBODY_LENDS = "nvidia-a100-40gb", "nvidia-t4-16gb"
LENT_BY_THE_COHORT = "nvidia-a40-48gb"
GATE = "kueue.x-k8s.io/admission"

pytestmark = pytest.mark.usefixtures("kueue")


class Queue:
    """A tenant's queue, and Jobs of one device each that its developers put there, as their page shows them."""

    def __init__(self, platform: RunningPlatform, profile: str, quota: int, borrow: int = 0) -> None:
        self.api = platform.api
        self.tenant: LiveTenant = platform.tenant(
            gpus=[{"profile": profile, "quota": quota, "borrow": borrow}],
            identity={"service_accounts": ["server"]},
        )
        (self._shown,) = shown_jobs(self.tenant.manifests, CLUSTER)
        self._numbers = count()

    def job(self, more: dict[str, str] | None = None, **labels: str) -> dict[str, Any]:
        """A Job that asks for one device, and for more resources where they are given."""
        body = json.loads(json.dumps(self._shown))
        body["metadata"]["name"] = f"job-{next(self._numbers)}"
        asked = body["spec"]["template"]["spec"]["containers"][0]["resources"]
        asked["requests"] = asked.get("requests", {}) | (more or {})
        asked["limits"] |= more or {}
        body["metadata"] = body["metadata"] | {"labels": body["metadata"]["labels"] | labels}
        answer = self.tenant.developer.create(body)
        assert (answer.message, answer.warnings) == ("", ())
        return body

    def is_running(self, job: dict[str, Any]) -> bool:
        return not self.api.get(job).body["spec"]["suspend"]

    def running(self, jobs: list[dict[str, Any]]) -> int:
        return sum(map(self.is_running, jobs))

    def can_start_one(self) -> bool:
        job = self.job()
        return bool(eventually(lambda: self.is_running(job), "there was one to give out", 60))

    def waits(self, job: dict[str, Any], why: str) -> None:
        """Kueue has looked at the Job, and says why it does not start."""
        eventually(
            lambda: why in self.reported(job),
            lambda: f"Kueue says {why!r}, but it says {self.told(job)!r}",
            60,
        )
        assert not self.is_running(job)

    def reported(self, job: dict[str, Any]) -> str:
        uid = self.api.get(job).body["metadata"]["uid"]
        for workload in self.api.list(KUEUE, "Workload", self.tenant.name):
            if uid in [owner["uid"] for owner in workload["metadata"]["ownerReferences"]]:
                conditions = workload.get("status", {}).get("conditions", [])
                return " ".join(f"{c['type']}={c['status']}: {c['message']}" for c in conditions)
        return ""


@pytest.mark.parametrize(
    "profile", [A30, "nvidia-h100-80gb/1g.10gb", "nvidia-h200-141gb"], ids=["whole", "slice", "claim"]
)
def test_jobs_start_up_to_the_quota_and_the_next_when_one_has_ended(platform, profile):
    queue = Queue(platform, profile, quota=2)
    jobs = [queue.job() for _ in range(2)]
    eventually(lambda: queue.running(jobs) == 2, lambda: f"both start: {[queue.told(j) for j in jobs]}", 60)

    third = queue.job()
    queue.waits(third, "insufficient unused quota")

    assert queue.tenant.developer.delete(jobs[0]).ok
    eventually(lambda: queue.is_running(third), "the third starts", 60)


def test_idle_devices_are_lent_up_to_the_borrowing_limit(platform):
    lender = Queue(platform, A30, quota=4)
    queue = Queue(platform, A30, quota=1, borrow=1)

    jobs = [queue.job() for _ in range(2)]
    eventually(lambda: queue.running(jobs) == 2, "one is borrowed", 60)

    queue.waits(queue.job(), "insufficient unused quota")
    assert lender.can_start_one()


def test_the_cohort_lends_only_unowned_devices(platform):
    queue = Queue(platform, LENT_BY_THE_COHORT, quota=1, borrow=4)

    jobs = [queue.job() for _ in range(3)]
    eventually(lambda: queue.running(jobs) == 3, "its own and the two of the cohort run", 60)

    queue.waits(queue.job(), "insufficient unused quota")


def test_what_the_queue_ignores_is_admitted_and_what_it_does_not_cover_never_is(platform):
    queue = Queue(platform, A30, quota=3)
    ignored = queue.job({"ephemeral-storage": "1Gi", "rdma/hca_shared_devices_a": "1"})
    eventually(lambda: queue.is_running(ignored), lambda: f"it starts: {queue.told(ignored)}", 60)

    queue.waits(queue.job({"vpc.amazonaws.com/efa": "1"}), "vpc.amazonaws.com/efa")


def test_a_tenant_without_borrowing_waits_while_devices_are_idle(platform):
    lender = Queue(platform, A30, quota=4)
    queue = Queue(platform, A30, quota=1)
    first = queue.job()
    eventually(lambda: queue.is_running(first), "one is its own", 60)

    queue.waits(queue.job(), "insufficient unused quota")
    assert lender.can_start_one()


def test_borrowed_devices_return_when_the_owner_needs_them(platform):
    lender = Queue(platform, ONE_LENDS, quota=2)
    borrower = Queue(platform, ONE_LENDS, quota=1, borrow=2)
    borrowed = [borrower.job() for _ in range(3)]
    eventually(lambda: borrower.running(borrowed) == 3, "the lender's two are borrowed", 60)

    own = [lender.job() for _ in range(2)]

    eventually(lambda: lender.running(own) == 2, "the lender has its own again", 60)
    assert borrower.running(borrowed) == 1


def test_a_held_queue_drains_and_admits_nothing(platform):
    queue = Queue(platform, A30, quota=2)
    job = queue.job()
    eventually(lambda: queue.is_running(job), "it starts", 60)

    retire(platform, queue.tenant)

    eventually(lambda: not queue.is_running(job), "it is stopped", 60)
    assert "stop" in queue.reported(job).lower()
    cluster_queue = queue.tenant.object("ClusterQueue")
    eventually(
        lambda: not platform.api.get(cluster_queue).body["status"].get("admittedWorkloads"), "it is empty"
    )


def retire(platform: RunningPlatform, tenant: LiveTenant) -> None:
    """Apply what the same request is with `retiring: true`: that changes the queue and the quotas."""
    pipeline = platform.pipeline
    request = {
        "golden_path": "tenant/v1",
        "name": tenant.name,
        "owner": "a-team",
        "clusters": [CLUSTER],
        "gpus": [{"profile": A30, "quota": 2}],
        "identity": {"service_accounts": ["server"]},
        "retiring": True,
    }
    held = pipeline.render(parse(request, fleet=pipeline.fleet), cluster=CLUSTER)
    platform.onboarding.apply(held.objects())


def test_a_pod_of_the_queue_waits_at_its_gate(platform):
    # The quota's wall is at two, since one could be borrowed; but nobody else has any to lend.
    queue = Queue(platform, NOBODY_LENDS, quota=1, borrow=1)
    pods = [pod_of(queue) for _ in range(2)]

    def gated(pod: dict[str, Any]) -> bool:
        return GATE in [
            gate["name"] for gate in platform.api.get(pod).body["spec"].get("schedulingGates", [])
        ]

    eventually(lambda: sum(map(gated, pods)) == 1, "one is let through, and one waits", 60)
    (waiting,) = filter(gated, pods)
    opened = platform.api.get(waiting).body | {"apiVersion": "v1", "kind": "Pod"}
    opened["spec"]["schedulingGates"] = []
    assert queue.tenant.developer.replace(opened).refused_by == "gpu-gate"
    assert gated(waiting)


def pod_of(queue: Queue) -> dict[str, Any]:
    template = queue._shown["spec"]["template"]
    metadata = {"generateName": "p-", "labels": {QUEUE: queue.tenant.name}}
    body = within(
        queue.tenant.name, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
    )
    answer = queue.tenant.developer.create(body)
    assert answer.ok, answer.message
    return {"apiVersion": "v1", "kind": "Pod", **answer.body}


def test_a_queue_serves_its_own_namespace_only(platform):
    rich = Queue(platform, A30, quota=4)
    poor = Queue(platform, A30, quota=1)
    # Only the platform may write this; if it ever did, Kueue would still not give the devices away.
    own = poor.tenant.object("LocalQueue")
    assert platform.api.delete(own).ok
    astray = {**own, "spec": {"clusterQueue": rich.tenant.name}}
    eventually(lambda: platform.api.create(astray).ok, "the queue is made anew")

    poor.waits(poor.job(), "namespace doesn't match")


def queues(manifests: Manifests) -> list[dict[str, Any]]:
    return [item.body for item in in_order(manifests.objects()) if item.body["apiVersion"] == KUEUE]


def accepted(api: Api, bodies: list[dict[str, Any]]) -> None:
    for body in bodies:
        if body["metadata"].get("namespace"):
            namespace = {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": body["metadata"]["namespace"]},
            }
            assert api.apply(namespace, "tests").ok
        fresh = {**body, "metadata": {**body["metadata"], "name": f"x-{body['metadata']['name']}"}}
        answer = api.create(fresh, dry_run=True)
        assert (answer.message, answer.warnings) == ("", ()), body["metadata"]["name"]


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.name)
def test_kueue_itself_accepts_the_queues_of_an_example(platform, story):
    accepted(platform.api, queues(story.render()))


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.yaml")), ids=lambda file: Path(file).stem)
def test_kueue_itself_accepts_the_queues_of_a_sample_request(platform, file):
    pipeline = Pipeline(load_fleet(SAMPLES / "goldenpath.yaml"))
    is_fleet = file.stem == "goldenpath"
    accepted(
        platform.api,
        queues(
            pipeline.render(pipeline.fleet) if is_fleet else pipeline.render(load(file, fleet=pipeline.fleet))
        ),
    )
