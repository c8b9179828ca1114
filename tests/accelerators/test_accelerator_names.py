"""Names of an accelerator: resource names, node labels, DRA selectors."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest
from cel_expr_python import cel

from goldenpath.accelerators import (
    Accelerator,
    Allocation,
    DeviceSharing,
    MigStrategy,
    SharingMode,
    catalogue,
)

CATALOGUE = catalogue()
LABEL_VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
SLICED = DeviceSharing(SharingMode.TIME_SLICING, 4)
RENAMED = DeviceSharing(SharingMode.TIME_SLICING, 4, rename=True)


def entry(id_: str) -> Accelerator:
    found = CATALOGUE.get(id_)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("id_", "strategy", "sharing", "name"),
    [
        ("nvidia-h100-80gb", None, None, "nvidia.com/gpu"),
        ("nvidia-h100-80gb", "mixed", None, "nvidia.com/gpu"),
        ("nvidia-h100-80gb", None, SLICED, "nvidia.com/gpu"),
        ("nvidia-h100-80gb", None, RENAMED, "nvidia.com/gpu.shared"),
        ("nvidia-h100-80gb", None, DeviceSharing(SharingMode.MPS, 2, rename=True), "nvidia.com/gpu.shared"),
        ("nvidia-h100-80gb", None, DeviceSharing(SharingMode.VGPU, 2), "nvidia.com/gpu"),
        ("nvidia-h100-80gb/1g.10gb", None, None, "nvidia.com/mig-1g.10gb"),
        ("nvidia-h100-80gb/1g.10gb", "mixed", None, "nvidia.com/mig-1g.10gb"),
        ("nvidia-h100-80gb/1g.10gb", "single", None, "nvidia.com/gpu"),
        ("nvidia-h100-80gb/1g.10gb", "mixed", RENAMED, "nvidia.com/mig-1g.10gb.shared"),
        ("nvidia-h100-80gb/1g.10gb", "single", RENAMED, "nvidia.com/gpu.shared"),
        ("nvidia-h100-80gb/1g.10gb+me", "mixed", None, "nvidia.com/mig-1g.10gb.me"),
        ("nvidia-rtx-pro-6000-96gb/1g.24gb+me.all", "mixed", None, "nvidia.com/mig-1g.24gb.me.all"),
        ("nvidia-rtx-pro-6000-96gb/1g.24gb-me", "mixed", None, "nvidia.com/mig-1g.24gb-me"),
        ("amd-mi300x", None, None, "amd.com/gpu"),
        ("amd-mi300x", "single", None, "amd.com/gpu"),
        ("amd-mi300x", "mixed", None, "amd.com/spx_nps1"),
        ("amd-mi210", "mixed", None, "amd.com/gpu"),
        ("amd-mi300x/cpx_nps4", None, None, "amd.com/cpx_nps4"),
        ("amd-mi300x/cpx_nps4", "single", None, "amd.com/gpu"),
        ("intel-max-1550", None, None, "gpu.intel.com/i915"),
        ("intel-max-1550", None, SLICED, "gpu.intel.com/i915"),
        ("intel-gaudi3", None, None, "habana.ai/gaudi"),
    ],
)
def test_resource_name(id_: str, strategy: str | None, sharing: DeviceSharing | None, name: str) -> None:
    assert entry(id_).resource_name(strategy, sharing) == name


@pytest.mark.parametrize(
    ("id_", "strategy", "sharing", "labels"),
    [
        ("nvidia-l4-24gb", None, None, {"nvidia.com/gpu.product": ("NVIDIA-L4",)}),
        (
            "nvidia-l4-24gb",
            None,
            SLICED,
            {
                "nvidia.com/gpu.product": ("NVIDIA-L4-SHARED",),
                "nvidia.com/gpu.sharing-strategy": ("time-slicing",),
            },
        ),
        (
            "nvidia-l4-24gb",
            None,
            DeviceSharing(SharingMode.MPS, 2, rename=True),
            {"nvidia.com/gpu.product": ("NVIDIA-L4",), "nvidia.com/gpu.sharing-strategy": ("mps",)},
        ),
        ("nvidia-l4-24gb", None, DeviceSharing(SharingMode.VGPU, 2), {"nvidia.com/vgpu.present": ("true",)}),
        (
            "nvidia-h100-80gb",
            "mixed",
            None,
            {"nvidia.com/gpu.product": ("NVIDIA-H100-80GB-HBM3", "NVIDIA-H100-PCIe")},
        ),
        (
            "nvidia-h100-80gb/1g.10gb",
            "mixed",
            None,
            {
                "nvidia.com/mig-1g.10gb.product": (
                    "NVIDIA-H100-80GB-HBM3-MIG-1g.10gb",
                    "NVIDIA-H100-PCIe-MIG-1g.10gb",
                )
            },
        ),
        (
            "nvidia-b300-269gb/1g.34gb+me",
            "single",
            SLICED,
            {
                "nvidia.com/gpu.product": ("NVIDIA-B300-SXM6-AC-MIG-1g.34gb.me-SHARED",),
                "nvidia.com/gpu.sharing-strategy": ("time-slicing",),
            },
        ),
        (
            "nvidia-b300-269gb/1g.34gb+me",
            "mixed",
            SLICED,
            {
                "nvidia.com/mig-1g.34gb.me.product": ("NVIDIA-B300-SXM6-AC-MIG-1g.34gb.me-SHARED",),
                "nvidia.com/mig-1g.34gb.me.sharing-strategy": ("time-slicing",),
            },
        ),
        ("nvidia-t4-16gb", None, None, {"nvidia.com/gpu.product": ("Tesla-T4",)}),
        ("amd-mi355x", None, None, {"amd.com/gpu.device-id": ("75a3", "75b3")}),
        (
            "amd-mi355x/cpx_nps2",
            "single",
            None,
            {
                "amd.com/gpu.device-id": ("75a3", "75b3"),
                "amd.com/gpu.compute-memory-partition": ("cpx_nps2",),
            },
        ),
        ("intel-flex-170", None, SLICED, {"gpu.intel.com/product": ("Flex_170",)}),
    ],
)
def test_node_labels(
    id_: str, strategy: str | None, sharing: DeviceSharing | None, labels: dict[str, tuple[str, ...]]
) -> None:
    assert dict(entry(id_).node_labels(strategy, sharing)) == labels


def test_a_slice_with_a_too_long_product_label_is_found_by_other_node_labels() -> None:
    slice_ = entry("nvidia-rtx-pro-6000-96gb/1g.24gb+me.all")
    assert dict(slice_.node_labels("mixed")) == {
        "nvidia.com/gpu.product": entry("nvidia-rtx-pro-6000-96gb").node_labels()["nvidia.com/gpu.product"]
    }
    # 63 characters exactly: the server edition still fits under `single`, the others do not.
    assert slice_.node_labels("single") == {
        "nvidia.com/gpu.product": ("NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition-MIG-1g.24gb.me.all",)
    }
    assert next(iter(slice_.node_labels("single", SLICED))) == "nvidia.com/mig.strategy"


def ways(accelerator: Accelerator) -> list[tuple[MigStrategy | None, DeviceSharing | None]]:
    sharings = [None, *(DeviceSharing(mode, 2) for mode in accelerator.sharing_modes)]
    return list(itertools.product((None, *accelerator.mig_strategies), sharings))


def test_every_way_of_asking_gives_a_known_resource_and_valid_labels() -> None:
    for accelerator in CATALOGUE:
        known = CATALOGUE.resource_names_of(accelerator.model)
        for strategy, sharing in ways(accelerator):
            assert accelerator.resource_name(strategy, sharing) in known
            labels = accelerator.node_labels(strategy, sharing)
            assert labels
            for label, values in labels.items():
                assert len(label.partition("/")[2]) <= 63
                assert values
                assert all(LABEL_VALUE.fullmatch(value) for value in values), (accelerator.id, values)


def test_labels_tell_any_two_nvidia_models_apart() -> None:
    models = [model for model in CATALOGUE.models if model.vendor == "nvidia"]
    for left, right in itertools.combinations(models, 2):
        labels = [set(each.node_labels().items()) for each in (left, right)]
        values = [{(key, value) for key, some in each for value in some} for each in labels]
        assert not values[0] & values[1], (left.id, right.id)


def test_a_model_without_a_product_name_is_reported_by_its_architecture() -> None:
    """The names of Rubin in GPU feature discovery 0.20 and the DRA driver; no driver table has its name yet."""
    rubin = entry("nvidia-vr200-288gb")
    assert rubin.node_labels() == {"nvidia.com/gpu.family": ("rubin",)}
    assert rubin.node_labels(sharing=DeviceSharing(SharingMode.MPS, 4)) == {
        "nvidia.com/gpu.family": ("rubin",),
        "nvidia.com/gpu.sharing-strategy": ("mps",),
    }
    whole = {"type": "gpu", "architecture": "Rubin", "productName": "NVIDIA Graphics Device"}
    assert selects(rubin, "gpu.nvidia.com", **whole) is True
    assert selects(rubin, "gpu.nvidia.com", **whole | {"architecture": "Blackwell"}) is False
    assert selects(rubin, "gpu.nvidia.com", **whole | {"type": "mig"}) is False
    assert (rubin.memory, rubin.confidence.value) == ("288 GiB by the vendor", "reported")


@pytest.mark.parametrize(
    ("id_", "strategy", "sharing"),
    [
        ("nvidia-h100-80gb/1g.10gb", "none", None),
        ("nvidia-h100-80gb/1g.10gb", None, DeviceSharing(SharingMode.MPS, 2)),
        ("amd-mi300x/cpx_nps1", "none", None),
        ("amd-mi300x", None, SLICED),
        ("intel-gaudi2", "mixed", None),
        ("intel-max-1100", None, RENAMED),
        ("nvidia-l4-24gb", "sometimes", None),
    ],
)
def test_a_resource_that_no_plugin_offers_is_refused(
    id_: str, strategy: str | None, sharing: DeviceSharing | None
) -> None:
    with pytest.raises(ValueError, match=f"{id_}|sometimes"):
        entry(id_).resource_name(strategy, sharing)


@pytest.mark.parametrize(
    ("mode", "replicas", "rename"), [("time-slicing", 1, False), ("vgpu", 2, True), ("mig", 2, False)]
)
def test_senseless_sharing_is_refused(mode: Any, replicas: int, rename: bool) -> None:
    with pytest.raises(ValueError):
        DeviceSharing(mode, replicas, rename)


def test_every_way_round_is_among_the_resource_names_of_a_model() -> None:
    h100 = CATALOGUE.resource_names_of("nvidia-h100-80gb")
    assert len(h100) == 2 * (1 + 7)
    assert {
        "nvidia.com/gpu",
        "nvidia.com/gpu.shared",
        "nvidia.com/mig-7g.80gb",
        "nvidia.com/mig-1g.10gb.me",
    } <= set(h100)
    assert "amd.com/spx_nps1" in CATALOGUE.resource_names_of("amd-mi300x")
    assert "gpu.intel.com/monitoring" in CATALOGUE.resource_names_of("intel-max-1550")
    with pytest.raises(KeyError):
        CATALOGUE.resource_names_of("nvidia-h100-80gb/1g.10gb")


def selects(accelerator: Accelerator, driver: str, **attributes: str) -> Any:
    env = cel.NewEnv(variables={"device": cel.Type.DYN})
    device = {"driver": driver, "attributes": {driver: attributes}}
    return env.compile(accelerator.device_selector).eval(data={"device": device}).plain_value()


def test_selectors_choose_their_model_and_slice_only() -> None:
    driver = "gpu.nvidia.com"
    h100, slice_ = entry("nvidia-h100-80gb"), entry("nvidia-h100-80gb/1g.10gb+me")
    whole = {"type": "gpu", "productName": "NVIDIA H100 80GB HBM3"}
    cut = {"type": "mig", "profile": "1g.10gb+me", "productName": "NVIDIA H100 PCIe"}
    assert selects(h100, driver, **whole) is True
    assert selects(h100, driver, **cut) is False
    assert selects(slice_, driver, **cut) is True
    assert selects(slice_, driver, **whole) is False
    assert selects(slice_, driver, **cut | {"profile": "1g.10gb"}) is False
    assert selects(slice_, driver, **cut | {"productName": "NVIDIA A100 80GB PCIe"}) is False
    assert selects(h100, "gpu.example.com", **whole) is False

    mi300x, part = entry("amd-mi300x"), entry("amd-mi300x/cpx_nps4")
    gpu = {"type": "amdgpu", "partitionProfile": "spx_nps1", "productName": "AMD_Instinct_MI300X_OAM"}
    piece = {
        "type": "amdgpu-partition",
        "partitionProfile": "cpx_nps4",
        "productName": "AMD_Instinct_MI300X_OAM",
    }
    assert selects(mi300x, "gpu.amd.com", **gpu) is True
    assert selects(mi300x, "gpu.amd.com", **piece) is False
    assert selects(part, "gpu.amd.com", **piece) is True
    assert (
        selects(entry("amd-mi325x"), "gpu.amd.com", **gpu | {"productName": "AMD_Instinct_MI325_OAM"}) is True
    )
    assert selects(entry("amd-mi300a"), "gpu.amd.com", **gpu) is False

    assert selects(entry("intel-max-1550"), "gpu.intel.com", type="gpu", model="Max 1550") is True
    assert selects(entry("intel-max-1550"), "gpu.intel.com", type="vf", model="Max 1550") is False
    assert selects(entry("intel-gaudi2"), "gaudi.intel.com", model="Gaudi2") is True
    assert selects(entry("intel-gaudi3"), "gaudi.intel.com", model="Gaudi2") is False


def test_every_selector_is_a_boolean_expression_about_its_own_driver() -> None:
    env = cel.NewEnv(variables={"device": cel.Type.DYN})
    for accelerator in CATALOGUE:
        program = env.compile(accelerator.device_selector)
        other = {"device": {"driver": "other.example.com", "attributes": {}}}
        assert program.eval(data=other).plain_value() is False, accelerator.id


def test_devices_that_the_dra_driver_skips_need_the_device_plugin() -> None:
    assert entry("amd-mi250x").allocations == (Allocation.DEVICE_PLUGIN,)
    assert Allocation.DRA in entry("amd-mi300x").allocations


def test_entries_are_plain_data_for_programs() -> None:
    for accelerator in CATALOGUE:
        body = json.loads(json.dumps(accelerator.as_dict()))
        assert body["id"] == accelerator.id
        assert body["facts"]["memory"][0]["date"]
