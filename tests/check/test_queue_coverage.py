"""Workloads in a queue that request resources outside of the queue."""

from __future__ import annotations

from typing import Any

import pytest
from small_requests import cluster, fleet, request

from goldenpath.check import check_objects
from goldenpath.findings import Severity
from goldenpath.manifests import ManifestObject
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

RULE = "queue-uncovered-resource"


def job(queue: str | None = "vision", **limits: str) -> ManifestObject:
    labels = {} if queue is None else {"kueue.x-k8s.io/queue-name": queue}
    container = {"name": "main", "image": "a", "resources": {"limits": limits}}
    body = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "train", "namespace": "vision", "labels": labels},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}},
    }
    return ManifestObject("job.yaml", body)


def rendered(**changes: Any) -> list[ManifestObject]:
    """The tenant's and the platform's objects."""
    pool = {"profile": "nvidia-h100-80gb", "count": 8}
    on = Pipeline(parse_fleet(fleet(clusters={"berlin": cluster(pool, addons={"kueue": "0.19"}, **changes)})))
    tenant = parse(request(gpus=[{"profile": "nvidia-h100-80gb", "quota": 8}]), fleet=on.fleet)
    return [*on.render(tenant).objects(), *on.render(on.fleet).objects()]


def uncovered(*objects: ManifestObject) -> list[tuple[str, Severity]]:
    return [(f.message.split(",")[0], f.severity) for f in check_objects(objects) if f.rule == RULE]


@pytest.mark.parametrize(
    "limits",
    [
        {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": "1"},
        {"ephemeral-storage": "100Gi", "hugepages-2Mi": "1Gi", "rdma/hca_shared_devices_a": "1"},
        {"vpc.amazonaws.com/efa": "0"},
    ],
)
def test_covered_or_ignored_resources_are_admitted(limits: dict[str, str]) -> None:
    assert uncovered(job(**limits), *rendered()) == []


def test_any_other_resource_would_wait_for_ever() -> None:
    efa = {"vpc.amazonaws.com/efa": "1"}
    assert uncovered(job(**efa), *rendered()) == [("requests vpc.amazonaws.com/efa", Severity.ERROR)]
    assert uncovered(job(**efa), *rendered(queue_ignores=["vpc.amazonaws.com/"])) == []


def test_a_resource_that_the_cluster_does_not_ignore_waits() -> None:
    assert uncovered(job(**{"ephemeral-storage": "1Gi"}), *rendered(queue_ignores=["hugepages-"])) == [
        ("requests ephemeral-storage", Severity.ERROR)
    ]


def test_an_accelerator_that_the_queue_lacks_would_wait() -> None:
    assert uncovered(job(**{"amd.com/gpu": "1"}), *rendered()) == [("requests amd.com/gpu", Severity.ERROR)]


def test_without_a_queue_only_uncovered_resources_are_a_warning() -> None:
    assert uncovered(
        job(**{"amd.com/gpu": "1", "vpc.amazonaws.com/efa": "1", "ephemeral-storage": "1Gi"})
    ) == [("requests vpc.amazonaws.com/efa", Severity.WARNING)]


def test_workloads_without_a_queue_are_not_checked() -> None:
    assert uncovered(job(None, **{"vpc.amazonaws.com/efa": "1"}), *rendered()) == []


EFA = {"vpc.amazonaws.com/efa": "1"}
POD: dict[str, Any] = {"containers": [{"name": "main", "image": "a", "resources": {"limits": EFA}}]}
FIRST: dict[str, Any] = {
    "containers": [{"name": "main", "image": "a"}],
    "initContainers": [{"name": "first", "image": "a", "resources": {"requests": EFA}}],
}
WHOLE: dict[str, Any] = {"containers": [{"name": "main", "image": "a"}], "resources": {"limits": EFA}}
LABELS = {"kueue.x-k8s.io/queue-name": "vision"}


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("v1/Pod", POD),
        ("v1/Pod", FIRST),
        ("v1/Pod", WHOLE),
        ("apps/v1/StatefulSet", {"template": {"spec": POD}}),
        ("ray.io/v1/RayCluster", {"workerGroupSpecs": [{"template": {"spec": POD}}]}),
        ("jobset.x-k8s.io/v1alpha2/JobSet", {"replicatedJobs": [{"template": {"spec": {"template": {"spec": POD}}}}]}),
        ("leaderworkerset.x-k8s.io/v1/LeaderWorkerSet", {"leaderWorkerTemplate": {"workerTemplate": {"spec": POD}}}),
    ],
)  # fmt: skip
def test_workloads_of_every_kind_are_checked(kind: str, spec: dict[str, Any]) -> None:
    api_version, _, kind = kind.rpartition("/")
    metadata = {"name": "train", "namespace": "vision", "labels": LABELS}
    body = {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}
    expected = [("requests vpc.amazonaws.com/efa", Severity.ERROR)]
    assert uncovered(ManifestObject("a.yaml", body), *rendered()) == expected


def test_a_label_on_a_template_is_found() -> None:
    metadata = {"name": "nightly", "namespace": "vision"}
    template = {"metadata": {"labels": LABELS}, "spec": {"template": {"spec": POD}}}
    body = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata,
        "spec": {"jobTemplate": template},
    }
    expected = [("requests vpc.amazonaws.com/efa", Severity.ERROR)]
    assert uncovered(ManifestObject("a.yaml", body), *rendered()) == expected
