"""Accelerators of a handmade namespace: quotas, queues and workloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from made_by_hand import (
    FLEET,
    H100,
    L4,
    MIG,
    PRODUCT,
    adopt,
    deployment,
    item,
    left,
    namespace,
    queue,
    quota,
    rules,
)

from goldenpath.adoption import ToDo, derive
from goldenpath.findings import Severity

if TYPE_CHECKING:
    from goldenpath.manifests import ManifestObject


def gpus(*objects: ManifestObject, on: str = "berlin") -> Any:
    return adopt(*objects, on=on).request.get("gpus")


def test_a_key_that_only_one_model_has_is_that_model() -> None:
    found = quota({"requests.nvidia.com/gpu": 8, "requests.nvidia.com/mig-1g.10gb": "14"})
    assert gpus(found) == [{"profile": H100, "quota": 8}, {"profile": MIG, "quota": 14}]


def test_a_queue_that_only_borrows_comes_back() -> None:
    adoption = adopt(*queue(("nvidia.com/gpu", "default", 0, 4)))
    assert [(gpu["quota"], gpu["borrow"]) for gpu in adoption.request["gpus"]] == [(0, 4)]


def test_a_queue_gives_quota_and_borrowing_limit() -> None:
    found = queue(("nvidia.com/gpu", "default", "8", "4"))
    assert gpus(*found, quota({"requests.nvidia.com/gpu": 12})) == [
        {"profile": H100, "quota": 8, "borrow": 4}
    ]


def test_flavors_tell_models_that_share_a_name() -> None:
    flavors = [
        item("ResourceFlavor", name, "kueue.x-k8s.io", namespace="", spec={"nodeLabels": {PRODUCT: product}})
        for name, product in (("big", "NVIDIA-H100-80GB-HBM3"), ("small", "NVIDIA-L4"))
    ]
    found = queue(("nvidia.com/gpu", "big", 2, 0), ("nvidia.com/gpu", "small", 3, 1))
    assert gpus(*found, *flavors, on="munich") == [
        {"profile": H100, "quota": 2},
        {"profile": L4, "quota": 3, "borrow": 1},
    ]
    assert "adopt-which-accelerator" in rules(adopt(*found, on="munich"), Severity.ERROR)


def test_running_workloads_give_the_model_without_a_queue() -> None:
    wall = quota({"requests.nvidia.com/gpu": 4})
    runs = deployment({"nvidia.com/gpu": 1}, {PRODUCT: "NVIDIA-L4"})
    adoption = adopt(wall, runs, on="munich")
    assert adoption.request["gpus"] == [{"profile": L4, "quota": 4}]
    assert "adopt-guessed-model" in rules(adoption)
    unknown = adopt(wall, deployment({"nvidia.com/gpu": 1}), on="munich")
    assert "gpus" not in unknown.request
    assert "adopt-which-accelerator" in rules(unknown, Severity.ERROR)


def test_a_device_class_of_the_platform_is_its_accelerator() -> None:
    key = f"{H100}.deviceclass.resource.k8s.io/devices"
    assert gpus(quota({key: 2}), on="boston") == [{"profile": H100, "quota": 2}]


@pytest.mark.parametrize(
    ("key", "on", "said"),
    [
        ("gpu", "berlin", "is not an accelerator"),
        ("nvidia.com/gpu", "berlin", "no API server counts"),
        ("limits.nvidia.com/gpu", "berlin", "no API server counts"),
        ("requests.nvidia.com/mig-9g.99gb", "berlin", "is not an accelerator of the catalogue"),
        ("requests.nvidia.com/mig-3g.40gb", "berlin", "which the fleet does not have on berlin"),
        ("requests.amd.com/gpu", "munich", "which the fleet does not have on munich"),
        ("gpu.nvidia.com.deviceclass.resource.k8s.io/devices", "boston", "does not identify"),
    ],
)
def test_a_wrong_quota_key_suggests_the_right_one(key: str, on: str, said: str) -> None:
    (found,) = [finding for finding in adopt(quota({key: 4}), on=on).findings if finding.rule == "adopt-wrong-key"]  # fmt: skip
    assert said in found.message
    assert (found.severity, found.field) == (Severity.ERROR, f"spec.hard[{key}]")


def test_keys_that_are_0_and_keys_that_are_no_devices_are_passed_over() -> None:
    found = quota({"requests.amd.com/gpu": 0, "hugepages-2Mi": "1Gi", "count/jobs.batch": 4,
                   "gold.storageclass.storage.k8s.io/requests.storage": "1Ti"})  # fmt: skip
    assert "adopt-wrong-key" not in rules(adopt(found))


def test_another_extended_resource_is_not_an_accelerator() -> None:
    adoption = adopt(quota({"requests.example.org/fpga": 2}), on="bare")
    assert (
        left(adoption)["ResourceQuota vision/limits", "spec.hard[requests.example.org/fpga]"] is ToDo.OVERRIDE
    )


def test_devices_that_run_without_any_grant_are_counted() -> None:
    (found,) = [
        finding
        for finding in adopt(deployment({"nvidia.com/gpu": 2}, replicas=3)).findings
        if finding.rule == "adopt-accelerator-unsaid"
    ]
    assert "request 6 of nvidia.com/gpu" in found.message


def claims(device_class: str) -> list[ManifestObject]:
    """A Deployment of two Pods that claim two devices each, and a claim for one more."""
    two = {"requests": [{"name": "a", "exactly": {"deviceClassName": device_class, "count": 2}}]}
    one = {"requests": [{"name": "a", "firstAvailable": [{"name": "b", "deviceClassName": device_class}]}]}
    group = "resource.k8s.io"
    return [
        deployment(replicas=2, resourceClaims=[{"name": "a", "resourceClaimTemplateName": "two"}]),
        item("ResourceClaimTemplate", "two", group, spec={"spec": {"devices": two}}),
        item("ResourceClaim", "one", group, spec={"devices": one}),
        item("ResourceClaim", "made", group, spec={"devices": two},
             metadata={"ownerReferences": [{"kind": "Pod", "name": "server-1"}]}),
    ]  # fmt: skip


def test_devices_that_run_by_claims_of_a_pool_are_counted() -> None:
    (pool,) = FLEET.clusters["boston"].accelerators
    adoption = adopt(*claims(pool.profile), on="boston")
    (found,) = [each for each in adoption.findings if each.rule == "adopt-accelerator-unsaid"]
    assert "request 5 of " in found.message


def test_devices_that_run_by_claims_of_another_class_are_counted() -> None:
    found = [
        each
        for each in adopt(*claims("gpu.example.org")).findings
        if each.rule == "adopt-unknown-accelerator"
    ]
    said = {each.object.split(" on ")[0]: each.message.split(", ")[0] for each in found}
    assert said == {
        "Deployment vision/server": "claims 4 of device class gpu.example.org",
        "ResourceClaim vision/one": "claims 1 of device class gpu.example.org",
    }


def test_a_queue_and_a_quota_that_disagree_are_reported_and_the_queue_is_taken() -> None:
    found = queue(("nvidia.com/gpu", "default", 8, 0), ("cpu", "default", 10, 0))
    adoption = adopt(*found, quota({"requests.nvidia.com/gpu": 4, "cpu": 20}))
    assert adoption.request["gpus"] == [{"profile": H100, "quota": 8}]
    assert adoption.request["compute"] == {"cpu": "20"}
    reported = [
        finding.message for finding in adoption.findings if finding.rule == "adopt-queue-against-quota"
    ]
    assert len(reported) == 2


@pytest.mark.parametrize(
    ("nominal", "borrow", "rule", "gpu"),
    [
        (8, None, "adopt-borrows-without-limit", {"quota": 8, "borrow": 56}),
    ],
)
def test_queue_settings_outside_a_request_are_leftovers(
    nominal: int, borrow: int | None, rule: str, gpu: dict[str, int]
) -> None:
    adoption = adopt(*queue(("nvidia.com/gpu", "default", nominal, borrow)))
    assert adoption.request["gpus"] == [{"profile": H100, **gpu}]
    assert rule in rules(adoption)


def test_a_queue_with_a_flavor_unknown_to_the_fleet() -> None:
    adoption = adopt(*queue(("example.org/tpu", "default", 4, 0)))
    assert "adopt-unknown-accelerator" in rules(adoption, Severity.ERROR)


def test_queues_of_another_name_and_for_others_too() -> None:
    assert left(adopt(*queue(name="vision-queue"))) | {} == {
        ("ClusterQueue vision-queue", "spec.cohortName"): ToDo.OVERRIDE,
        ("ClusterQueue vision-queue", "metadata.name"): ToDo.REMOVE,
        ("LocalQueue vision/vision-queue", "metadata.name"): ToDo.REMOVE,
    }
    assert "adopt-shared-queue" in rules(adopt(*queue(name="all", namespaceSelector={})))


def test_accelerators_that_differ_between_clusters_name_them() -> None:
    there = {
        "berlin": [namespace(), quota({"requests.nvidia.com/gpu": 8})],
        "boston": [namespace(), quota({f"{H100}.deviceclass.resource.k8s.io/devices": 2})],
    }
    assert derive("vision", there, FLEET).request["gpus"] == [
        {"profile": H100, "quota": 8, "clusters": ["berlin"]},
        {"profile": H100, "quota": 2, "clusters": ["boston"]},
    ]


def test_more_than_there_is_is_the_parsers_to_refuse() -> None:
    adoption = adopt(quota({"requests.nvidia.com/gpu": 99}))
    assert [(f.rule, f.field) for f in adoption.findings if f.rule == "capacity"] == [
        ("capacity", "gpus[0].quota")
    ]
