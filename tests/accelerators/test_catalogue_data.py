"""The shipped data has every model, right counts, usable names, and a source for each fact."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from goldenpath.accelerators import Confidence, MemoryOf, catalogue

CATALOGUE = catalogue()
LABEL_VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?")
NAME_PART = LABEL_VALUE
DNS_SUBDOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")

# Typed from the NVIDIA MIG guide's tables and mig-parted's file, not from our data.
MIG_COUNTS = {
    "nvidia-a100-40gb": "1g.5gb 7,1g.5gb+me 1,1g.10gb 4,2g.10gb 3,3g.20gb 2,4g.20gb 1,7g.40gb 1",
    "nvidia-a100-80gb": "1g.10gb 7,1g.10gb+me 1,1g.20gb 4,2g.20gb 3,3g.40gb 2,4g.40gb 1,7g.80gb 1",
    "nvidia-h100-80gb": "1g.10gb 7,1g.10gb+me 1,1g.20gb 4,2g.20gb 3,3g.40gb 2,4g.40gb 1,7g.80gb 1",
    "nvidia-h100-nvl-94gb": "1g.12gb 7,1g.12gb+me 1,1g.24gb 4,2g.24gb 3,3g.47gb 2,4g.47gb 1,7g.94gb 1",
    "nvidia-h200-141gb": "1g.18gb 7,1g.18gb+me 1,1g.35gb 4,2g.35gb 3,3g.71gb 2,4g.71gb 1,7g.141gb 1",
    "nvidia-h20-96gb": "1g.12gb 7,1g.12gb+me 1,1g.24gb 4,2g.24gb 3,3g.48gb 2,4g.48gb 1,7g.96gb 1",
    "nvidia-gh200-144gb": "1g.18gb 7,1g.18gb+me 1,1g.36gb 4,2g.36gb 3,3g.72gb 2,4g.72gb 1,7g.144gb 1",
    "nvidia-b200-180gb": "1g.23gb 7,1g.23gb+me 1,1g.45gb 4,2g.45gb 3,3g.90gb 2,4g.90gb 1,7g.180gb 1",
    "nvidia-gb300-278gb": "1g.35gb 7,1g.35gb+me 1,1g.70gb 4,2g.70gb 3,3g.139gb 2,4g.139gb 1,7g.278gb 1",
    "nvidia-b300-269gb": "1g.34gb 7,1g.34gb+me 1,1g.67gb 4,2g.67gb 3,3g.135gb 2,4g.135gb 1,7g.269gb 1",
    "nvidia-a30-24gb": "1g.6gb 4,1g.6gb+me 1,2g.12gb 2,2g.12gb+me 1,4g.24gb 1",
    "nvidia-rtx-pro-6000-96gb": (
        "1g.24gb 4,1g.24gb+me 1,1g.24gb+gfx 4,1g.24gb+me.all 1,1g.24gb-me 4,"
        "2g.48gb 2,2g.48gb+gfx 2,2g.48gb+me.all 1,2g.48gb-me 2,4g.96gb 1,4g.96gb+gfx 1"
    ),
}


@pytest.mark.parametrize(
    "word",
    [
        *(
            "nvidia-a100-40gb",
            "nvidia-a100-80gb",
            "nvidia-h100-80gb",
            "nvidia-h100-nvl-94gb",
            "nvidia-h200-141gb",
        ),
        *("nvidia-b200-", "nvidia-gb200-", "nvidia-b300-", "nvidia-gb300-", "nvidia-l4-24gb", "nvidia-l40s-"),
        *(
            "nvidia-t4-",
            "nvidia-a30-",
            "nvidia-rtx-pro-6000-",
            "nvidia-h20-",
            "nvidia-gh200-96",
            "nvidia-gh200-144",
        ),
        *("amd-mi210", "amd-mi250", "amd-mi250x", "amd-mi300a", "amd-mi300x", "amd-mi325x", "amd-mi350x"),
        *("amd-mi355x", "intel-flex-140", "intel-flex-170", "intel-max-1100", "intel-max-1550"),
        *("intel-gaudi2", "intel-gaudi3"),
        *(
            "nvidia-a10g-24gb",
            "nvidia-a10-24gb",
            "nvidia-a16-16gb",
            "nvidia-a2-16gb",
            "nvidia-a40-48gb",
            "nvidia-l2-24gb",
        ),
        *(
            "nvidia-l20-48gb",
            "nvidia-l40-48gb",
            "nvidia-v100-16gb",
            "nvidia-v100-32gb",
            "nvidia-rtx-6000-ada-48gb",
        ),
        *(
            "nvidia-rtx-a6000-48gb",
            "nvidia-rtx-pro-5000-48gb",
            "nvidia-rtx-pro-5000-72gb",
            "nvidia-rtx-pro-4500-32gb",
        ),
        *("nvidia-vr200-288gb", "nvidia-gb10-128gb", "nvidia-thor-128gb", "nvidia-h20-141gb"),
        *("amd-mi350p", "amd-mi100", "amd-radeon-ai-pro-r9700", "intel-max-1450", "intel-max-1550-0bd0"),
        *("intel-max-1550-0b69", "intel-max-1100-0bd9", "intel-max-1100-0bdb"),
        *("intel-arc-pro-b50", "intel-arc-pro-b60", "intel-arc-pro-b65", "intel-arc-pro-b70"),
    ],
)
def test_every_requested_model_is_in_the_catalogue(word: str) -> None:
    assert [model.id for model in CATALOGUE.models if model.id == word or model.id.startswith(word)]


@pytest.mark.parametrize(
    "id_",
    [
        "nvidia-h100-80gb",
        "nvidia-h100-80gb/1g.10gb",
        "nvidia-h200-141gb",
        "nvidia-a100-80gb",
        "amd-mi300x",
        "nvidia-l4-24gb",
    ],
)
def test_the_sample_fleet_finds_its_profiles(id_: str) -> None:
    assert CATALOGUE.get(id_) is not None


@pytest.mark.parametrize(("model", "table"), MIG_COUNTS.items())
def test_mig_counts_equal_nvidias_tables(model: str, table: str) -> None:
    expected = {row.split()[0]: int(row.split()[1]) for row in table.split(",")}
    assert {each.partition: each.per_device for each in CATALOGUE.partitions_of(model)} == expected


def test_one_profile_name_has_a_count_and_memory_for_each_model() -> None:
    counts = {each.model: each.per_device for each in CATALOGUE if each.partition == "1g.35gb"}
    assert counts == {"nvidia-h200-141gb": 4, "nvidia-gb300-278gb": 7}
    slice_ = CATALOGUE.get("nvidia-gh200-144gb/7g.144gb")
    assert slice_ is not None
    assert slice_.memory_gib == 144


def test_the_full_mig_profile_has_the_memory_of_the_whole_device() -> None:
    for model in CATALOGUE.of_vendor("nvidia"):
        if model.partition is None and (partitions := CATALOGUE.partitions_of(model.id)):
            assert model.memory_gib in {each.memory_gib for each in partitions if each.per_device == 1}


def test_a_number_of_the_vendor_is_marked_as_such() -> None:
    def memory(id_: str) -> str:
        found = CATALOGUE.get(id_)
        assert found is not None
        return found.memory

    assert memory("nvidia-h100-80gb") == memory("nvidia-h100-80gb/7g.80gb") == "80 GiB"
    assert memory("nvidia-a10g-24gb") == "24 GiB by the vendor"
    assert memory("amd-mi300x/cpx_nps4") == ""
    for each in CATALOGUE.models:
        is_cut = each.vendor == "nvidia" and bool(CATALOGUE.partitions_of(each.id))
        assert (each.memory_of is MemoryOf.DEVICE) == (is_cut or each.id == "amd-mi308x"), each.id


def test_amd_partitions_follow_the_compute_mode_and_promise_no_memory() -> None:
    modes = {each.partition: each.per_device for each in CATALOGUE.partitions_of("amd-mi300x")}
    assert modes == {"dpx_nps1": 2, "dpx_nps2": 2, "qpx_nps1": 4, "qpx_nps4": 4, "cpx_nps1": 8, "cpx_nps4": 8}
    assert {each.partition: each.per_device for each in CATALOGUE.partitions_of("amd-mi300a")} == {
        "tpx_nps1": 3,
        "cpx_nps1": 6,
    }
    assert all(each.memory_gib is None for each in CATALOGUE.of_vendor("amd") if each.partition)
    assert CATALOGUE.partitions_of("amd-mi210") == ()


def test_every_entry_has_a_source_and_a_date_for_every_group_of_facts() -> None:
    today = dt.date(2026, 11, 30)
    for entry in (*CATALOGUE, *CATALOGUE.vendors):
        assert entry.facts
        for group, sources in entry.facts.items():
            assert sources, f"{entry.id}: {group}"
            for source in sources:
                assert source.name
                assert source.version
                assert source.section
                assert dt.date.fromisoformat(source.date) <= today
    for entry in CATALOGUE:
        assert {"memory", "resource_names", "node_labels", "device_selector"} <= entry.facts.keys(), entry.id
        if entry.partition is not None:
            assert "partitions" in entry.facts, entry.id


def test_facts_without_a_vendor_document_are_marked() -> None:
    for id_ in ("nvidia-gb200-186gb/7g.189gb", "intel-gaudi2", "amd-mi250"):
        entry = CATALOGUE.get(id_)
        assert entry is not None
        assert entry.confidence is not Confidence.DOCUMENTED
        assert entry.note


def test_device_class_names_are_unique_subdomains_that_fit_a_quota_key() -> None:
    names = [entry.device_class for entry in CATALOGUE]
    assert len(names) == len(set(names))
    for name in names:
        assert DNS_SUBDOMAIN.fullmatch(name), name
        assert len(name) <= 63


def test_resource_names_are_qualified_names() -> None:
    for model in CATALOGUE.models:
        for name in CATALOGUE.resource_names_of(model.id):
            prefix, _, part = name.partition("/")
            assert DNS_SUBDOMAIN.fullmatch(prefix), name
            assert NAME_PART.fullmatch(part), name
            assert len(part) <= 63


def test_base_resource_names_of_a_vendor_are_names_of_its_models() -> None:
    for vendor in CATALOGUE.vendors:
        known = {
            name
            for model in CATALOGUE.of_vendor(vendor.id)
            if model.partition is None
            for name in CATALOGUE.resource_names_of(model.id)
        }
        assert set(vendor.base_resource_names) <= known


def test_vendors_name_their_own_device_classes_and_taint() -> None:
    nvidia = CATALOGUE.vendor("nvidia")
    assert nvidia.driver == "gpu.nvidia.com"
    assert nvidia.device_classes == (
        "gpu.nvidia.com",
        "mig.nvidia.com",
        "vfio.gpu.nvidia.com",
        "compute-domain-daemon.nvidia.com",
        "compute-domain-default-channel.nvidia.com",
    )
    assert nvidia.taint is not None
    assert (nvidia.taint.key, nvidia.taint.effect) == ("nvidia.com/gpu", "NoSchedule")
    assert CATALOGUE.vendor("amd").device_classes == ("gpu.amd.com",)
    assert CATALOGUE.vendor("intel").device_classes == (
        "gpu.intel.com",
        "gpu-vfio.intel.com",
        "gaudi.intel.com",
    )
    ours = {entry.device_class for entry in CATALOGUE}
    assert not ours & {name for vendor in CATALOGUE.vendors for name in vendor.device_classes}
