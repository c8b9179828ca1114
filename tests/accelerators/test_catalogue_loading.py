"""Invalid data is refused on loading, and the error names the file and the entry."""

from __future__ import annotations

import importlib.resources
import shutil
from typing import TYPE_CHECKING

import pytest

from goldenpath.accelerators.loading import load_catalogue
from goldenpath.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with importlib.resources.as_file(importlib.resources.files("goldenpath.accelerators") / "data") as data:
        shutil.copytree(data, tmp_path / "data")
    return tmp_path / "data"


def replace(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))


def test_a_copy_of_the_data_loads(folder: Path) -> None:
    assert len(load_catalogue(folder)) > 100


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("nvidia.yaml", 'title: "NVIDIA H100 80GB"', 'titel: "NVIDIA H100 80GB"', r"nvidia-h100-80gb\.titel"),
        (
            "nvidia.yaml",
            "memory_gib: 80",
            'memory_gib: "80"',
            r"nvidia\.yaml: models\.nvidia-h100-80gb\.memory_gib",
        ),
        ("nvidia.yaml", '{memory: ["mig-gpus"], ', "{", r"nvidia-h100-80gb.*no source for the memory"),
        ("nvidia.yaml", 'memory: ["mig-gpus"]', "memory: []", r"nvidia-h100-80gb\.sources\.memory"),
        (
            "nvidia.yaml",
            'memory: ["mig-gpus"]',
            'memory: ["a-dream"]',
            r"nvidia-h100-80gb: the source 'a-dream' does not exist",
        ),
        (
            "nvidia.yaml",
            'layout: "80gb"',
            'layout: "81gb"',
            r"nvidia-h100-80gb: the layout '81gb' does not exist",
        ),
        ("nvidia.yaml", '"1g.6gb": 4', '"1g.6gb": 0', r"layouts\.24gb-4-slices\.partitions\.1g\.6gb"),
        (
            "nvidia.yaml",
            '"1g.6gb": 4',
            '"1g6gb": 4',
            r"'1g6gb' is not a MIG profile .*layouts\.24gb-4-slices",
        ),
        ("nvidia.yaml", 'date: "2026-08-21"', 'date: "21 August"', r"sources\.mig-parted\.date"),
        ("nvidia.yaml", '["NVIDIA L4"]', "[\"NVIDIA 'L4'\"]", r"nvidia-l4-24gb\.products\.0"),
        ("nvidia.yaml", '["NVIDIA L4"]', f'["NVIDIA {"L" * 63}"]', r"nvidia-l4-24gb\.products\.0"),
        ("nvidia.yaml", '    products: ["NVIDIA L4"]\n', "", r"either products or an architecture"),
        (
            "nvidia.yaml",
            '    products: ["NVIDIA L4"]\n',
            '    architecture: "Ada"\n',
            r"architecture has no source|products, which the model does not have",
        ),
        ("nvidia.yaml", "  nvidia-l4-24gb:", "  Nvidia_L4:", r"'Nvidia_L4' is not a model id"),
        ("nvidia.yaml", "  nvidia-l4-24gb:", "  nvidia-l40s-48gb:", r"nvidia-l40s-48gb"),
        ("nvidia.yaml", "  nvidia-l4-24gb:", "  tesla-l4:", r"nvidia\.yaml: tesla-l4: the id must start"),
        ("nvidia.yaml", "  nvidia-l4-24gb:", f"  nvidia-l4-{'a' * 60}:", r"nvidia-l4-a+: .*too long"),
        ("nvidia.yaml", '["nvidia-tesla-t4"]', '["nvidia-l4-24gb"]', r"nvidia-l4-24gb: is also an alias"),
        ("nvidia.yaml", '["nvidia-tesla-t4"]', '["nvidia-b300-288gb"]', r"nvidia-t4-16gb: the alias"),
        (
            "nvidia.yaml",
            '"3g.95gb": "reported", ',
            '"3g.96gb": "reported", ',
            r"unknown partitions: 3g\.96gb",
        ),
        ("nvidia.yaml", "effect: ", "efect: ", r"vendor\.taint\.effect"),
        ("amd.yaml", '"dpx_nps2": 2', '"dpx_nps3": 2', r"'dpx_nps3' is not .*layouts\.cdna3-8-xcd"),
        ("amd.yaml", 'confidence: "derived"', 'confidence: "surely"', r"amd-mi250\.confidence"),
        (
            "intel.yaml",
            'family: "gaudi"',
            'family: "gaudy"',
            r"intel\.yaml: intel-gaudi2: the family 'gaudy' does not exist",
        ),
        ("intel.yaml", '"habana.ai/gaudi"', '"gaudi"', r"intel\.yaml.*'gaudi' is not a qualified name"),
    ],
)
def test_a_broken_entry_is_named(folder: Path, file: str, old: str, new: str, message: str) -> None:
    replace(folder, file, old, new)
    with pytest.raises(DataError, match=message) as caught:
        load_catalogue(folder)
    assert str(caught.value).startswith(file)


@pytest.mark.parametrize("content", ["vendor: [", "- a list", "", "\x00"])
def test_an_invalid_catalogue_file_is_named(folder: Path, content: str) -> None:
    (folder / "intel.yaml").write_text(content)
    with pytest.raises(DataError, match=r"^intel\.yaml"):
        load_catalogue(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "amd.yaml").unlink()
    with pytest.raises(DataError, match=r"^amd\.yaml: cannot be read"):
        load_catalogue(folder)
