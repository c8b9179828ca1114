"""Lookup of entries: by id, by vendor, by model, and by near names."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.accelerators import catalogue

CATALOGUE = catalogue()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("nvidia-h100-80g", "nvidia-h100-80gb"),
        ("NVIDIA-H100-80GB", "nvidia-h100-80gb"),
        ("H100", "nvidia-h100-80gb"),
        ("h100 nvl", "nvidia-h100-nvl-94gb"),
        ("mi300", "amd-mi300x"),
        ("nvidia_l4", "nvidia-l4-24gb"),
        ("nvidia-tesla-t4", "nvidia-t4-16gb"),
        ("nvidia-b300-288gb", "nvidia-b300-269gb"),
        ("RTX PRO 6000", "nvidia-rtx-pro-6000-96gb"),
        ("habana-gaudi2", "intel-gaudi2"),
        ("nvidia-h100-80gb/1g.10g", "nvidia-h100-80gb/1g.10gb"),
        ("NVIDIA-H100-80GB/1G.10GB", "nvidia-h100-80gb/1g.10gb"),
        ("nvidia-h100-80g/7g.80gb", "nvidia-h100-80gb/7g.80gb"),
        ("amd-mi300x/CPX_NPS4", "amd-mi300x/cpx_nps4"),
        ("nvidia-l4-24gb/1g.10gb", "nvidia-l4-24gb"),
        ("nvidia", None),
        ("", None),
        ("/", None),
        ("banana", None),
        ("x" * 10_000, None),
    ],
)
def test_a_near_miss_suggests(written: str, meant: str | None) -> None:
    assert CATALOGUE.nearest(written) == meant


def test_an_unknown_slice_suggests_a_slice_of_the_model() -> None:
    meant = CATALOGUE.nearest("nvidia-h100-80gb/1g.5gb")
    assert meant in {each.id for each in CATALOGUE.partitions_of("nvidia-h100-80gb")}


def test_every_id_is_nearest_to_itself_in_any_case() -> None:
    for id_ in CATALOGUE.ids:
        assert CATALOGUE.nearest(id_.upper()) == id_


@given(st.text(max_size=120))
def test_any_text_suggests_an_id_or_nothing(text: str) -> None:
    assert CATALOGUE.nearest(text) in {None, *CATALOGUE.ids}


@given(st.sampled_from(CATALOGUE.ids), st.data())
def test_an_id_that_lost_one_letter_still_suggests_its_vendor(id_: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(id_) - 1))
    meant = CATALOGUE.nearest(id_[:at] + id_[at + 1 :])
    assert meant is not None
    assert meant.partition("-")[0] == id_.partition("-")[0]


def test_the_catalogue_is_one_ordered_collection() -> None:
    assert catalogue() is CATALOGUE
    assert tuple(each.id for each in CATALOGUE) == CATALOGUE.ids
    assert len(CATALOGUE) == len(set(CATALOGUE.ids))
    assert "amd-mi300x" in CATALOGUE
    assert CATALOGUE.get("amd-mi300") is None
    assert all(model.partition is None for model in CATALOGUE.models)
    assert {each.vendor for each in CATALOGUE.of_vendor("intel")} == {"intel"}
    assert [vendor.id for vendor in CATALOGUE.vendors] == ["nvidia", "amd", "intel"]
    parts = sum(len(CATALOGUE.partitions_of(model.id)) for model in CATALOGUE.models)
    assert parts + len(CATALOGUE.models) == len(CATALOGUE)


def test_importing_the_package_reads_nothing_and_loads_no_pydantic() -> None:
    code = "import sys, goldenpath.accelerators; print(sorted({'pydantic', 'yaml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
