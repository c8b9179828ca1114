"""The quota keys of accelerators: only the granted way to request one is open."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_requests import cluster, fleet, request, tenancies, tenancy

from goldenpath.accelerators import catalogue

H100, L4, H200, MI300X = "nvidia-h100-80gb", "nvidia-l4-24gb", "nvidia-h200-141gb", "amd-mi300x"
SLICE = f"{H100}/1g.10gb"
IMPLICIT = "requests.deviceclass.resource.kubernetes.io/"
CLAIMS = ".deviceclass.resource.k8s.io/devices"


def quota(pools: list[dict[str, Any]], gpus: list[dict[str, Any]], **changes: Any) -> dict[str, int]:
    on = fleet(clusters={"berlin": cluster(*({"count": 64} | pool for pool in pools), **changes)})
    return tenancy(request(gpus=gpus), on).accelerator_quota


def allowed(hard: dict[str, int]) -> dict[str, int]:
    return {key: number for key, number in hard.items() if number}


CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, int]]] = {
    "whole devices by the device plugin": ([{"profile": H100}], [{"profile": H100, "quota": 8}], {"requests.nvidia.com/gpu": 8}),
    "slices with a name of their own": (
        [{"profile": SLICE, "mig_strategy": "mixed"}], [{"profile": SLICE, "quota": 7}], {"requests.nvidia.com/mig-1g.10gb": 7},
    ),
    "slices are mixed where nobody says": ([{"profile": SLICE}], [{"profile": SLICE, "quota": 7}], {"requests.nvidia.com/mig-1g.10gb": 7}),
    "slices that look like whole devices": (
        [{"profile": SLICE, "mig_strategy": "single"}], [{"profile": SLICE, "quota": 7}], {"requests.nvidia.com/gpu": 7},
    ),
    "shared devices": (
        [{"profile": L4, "sharing": {"mode": "time-slicing", "replicas": 4}}], [{"profile": L4, "quota": 9}], {"requests.nvidia.com/gpu": 9},
    ),
    "shared and renamed devices": (
        [{"profile": L4, "sharing": {"mode": "mps", "replicas": 4, "rename": True}}], [{"profile": L4, "quota": 9}], {"requests.nvidia.com/gpu.shared": 9},
    ),
    "devices by claim": (
        [{"profile": H200, "allocation": "dra"}], [{"profile": H200, "quota": 4}],
        {f"{H200}{CLAIMS}": 4, f"{IMPLICIT}{H200}": 4},
    ),
    "slices by claim": (
        [{"profile": SLICE, "allocation": "dra"}], [{"profile": SLICE, "quota": 4}],
        {f"nvidia-h100-80gb.1g.10gb{CLAIMS}": 4, f"{IMPLICIT}nvidia-h100-80gb.1g.10gb": 4},
    ),
    "two models with one resource name add up": (
        [{"profile": H100}, {"profile": L4}], [{"profile": H100, "quota": 3}, {"profile": L4, "quota": 2}], {"requests.nvidia.com/gpu": 5},
    ),
    "one model of two with one resource name": ([{"profile": H100}, {"profile": L4}], [{"profile": L4, "quota": 2}], {"requests.nvidia.com/gpu": 2}),
    "another vendor": ([{"profile": MI300X}], [{"profile": MI300X, "quota": 4}], {"requests.amd.com/gpu": 4}),
    "a mixture of everything": (
        [{"profile": H100}, {"profile": SLICE}, {"profile": H200, "allocation": "dra"}, {"profile": MI300X}],
        [{"profile": H100, "quota": 1}, {"profile": SLICE, "quota": 2}, {"profile": H200, "quota": 3}, {"profile": MI300X, "quota": 4}],
        {"requests.nvidia.com/gpu": 1, "requests.nvidia.com/mig-1g.10gb": 2, f"{H200}{CLAIMS}": 3, f"{IMPLICIT}{H200}": 3, "requests.amd.com/gpu": 4},
    ),
    "nothing asked for": ([{"profile": H100}], [], {}),
}  # fmt: skip


@pytest.mark.parametrize(("pools", "gpus", "expected"), CASES.values(), ids=CASES.keys())
def test_only_the_granted_way_of_asking_has_a_number(
    pools: list[dict[str, Any]], gpus: list[dict[str, Any]], expected: dict[str, int]
) -> None:
    assert allowed(quota(pools, gpus)) == expected


WHOLE_DEVICES = {
    "requests.amd.com/gpu": 0,
    "requests.gpu.intel.com/i915": 0,
    "requests.gpu.intel.com/i915_monitoring": 0,
    "requests.gpu.intel.com/monitoring": 0,
    "requests.gpu.intel.com/xe": 0,
    "requests.gpu.intel.com/xe_monitoring": 0,
    "requests.habana.ai/gaudi": 0,
    "requests.nvidia.com/gpu": 0,
    "requests.nvidia.com/gpu.shared": 0,
}


def test_every_other_way_of_asking_for_an_l4_is_closed() -> None:
    hard = quota([{"profile": L4}], [{"profile": L4, "quota": 2}])
    classes = [
        "compute-domain-daemon.nvidia.com", "compute-domain-default-channel.nvidia.com", "gpu.nvidia.com",
        "mig.nvidia.com", "vfio.gpu.nvidia.com",
    ]  # fmt: skip
    assert hard == {
        **{f"{name}{CLAIMS}": 0 for name in classes},
        **{f"{IMPLICIT}{name}": 0 for name in classes},
        **WHOLE_DEVICES,
        "requests.nvidia.com/gpu": 2,
    }


def test_a_slice_does_not_open_the_whole_device_or_another_slice() -> None:
    hard = quota([{"profile": SLICE}], [{"profile": SLICE, "quota": 7}])
    assert (hard["requests.nvidia.com/gpu"], hard["requests.nvidia.com/mig-7g.80gb"]) == (0, 0)
    assert hard["requests.nvidia.com/mig-1g.10gb.shared"] == 0


def test_the_vendors_own_classes_are_closed_where_ours_is_open() -> None:
    hard = quota([{"profile": H200, "allocation": "dra"}], [{"profile": H200, "quota": 4}])
    assert {
        hard[f"gpu.nvidia.com{CLAIMS}"],
        hard[f"{IMPLICIT}gpu.nvidia.com"],
        hard["requests.nvidia.com/gpu"],
    } == {0}


def test_where_the_fleet_names_no_accelerators_every_vendors_whole_devices_are_closed() -> None:
    """Nodes may exist before the fleet lists them, and a resource without a key is unlimited."""
    assert quota([], []) == WHOLE_DEVICES


def test_a_tenant_without_accelerators_may_ask_for_none() -> None:
    hard = quota([{"profile": H100}, {"profile": H200, "allocation": "dra"}], [])
    assert hard["requests.nvidia.com/gpu"] == 0
    assert hard[f"{H200}{CLAIMS}"] == 0
    assert set(hard.values()) == {0}


@pytest.mark.parametrize(("addons", "number"), [({"kueue": "0.19"}, 12), ({}, 8)])
def test_borrowing_needs_a_queue(addons: dict[str, str], number: int) -> None:
    hard = quota([{"profile": H100}], [{"profile": H100, "quota": 8, "borrow": 4}], addons=addons)
    assert allowed(hard) == {"requests.nvidia.com/gpu": number}


def test_a_grant_applies_to_its_clusters() -> None:
    pools = [{"profile": H100, "count": 8}]
    on = fleet(clusters={"berlin": cluster(*pools), "munich": cluster(*pools)})
    gpus = [{"profile": H100, "quota": 2, "clusters": ["munich"]}]
    berlin, munich = tenancies(request(clusters=["berlin", "munich"], gpus=gpus), on)
    assert (allowed(berlin.accelerator_quota), allowed(munich.accelerator_quota)) == (
        {},
        {"requests.nvidia.com/gpu": 2},
    )


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([each.id for each in catalogue()]), st.booleans())
def test_every_accelerator_of_the_catalogue_is_granted_by_itself_and_by_nothing_else(
    profile: str, dra: bool
) -> None:
    known = catalogue().get(profile)
    assert known is not None
    if dra and "dra" not in known.allocations:
        return
    hard = quota(
        [{"profile": profile, "allocation": "dra" if dra else "device-plugin"}],
        [{"profile": profile, "quota": 3}],
    )
    assert len(allowed(hard)) == (2 if dra else 1)
    assert list(hard) == sorted(hard)
    vendor = catalogue().vendor(known.vendor)
    for name in (*vendor.base_resource_names, *catalogue().resource_names_of(known.model)):
        assert f"requests.{name}" in hard
    for name in vendor.device_classes:
        assert (hard[f"{name}{CLAIMS}"], hard[f"{IMPLICIT}{name}"]) == (0, 0)
    # The API server takes a key only if what is behind the slash is a label's name.
    assert all(len(key.rsplit("/", 1)[1]) <= 63 for key in hard)
