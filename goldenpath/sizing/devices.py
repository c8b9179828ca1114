"""Devices as sizing sees them: usable memory, bandwidth and arithmetic, of whole devices and of partitions."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.accelerators import catalogue
from goldenpath.errors import DataError, InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GIB", "Device", "device", "known_devices"]

GIB: Final = 2**30
_MIG: Final = re.compile(r"(?P<compute>[0-9]+)g\.(?P<memory>[0-9]+)gb")
_MIG_COMPUTE_SLICES: Final = 7
_AMD_PARTITIONS: Final = {"spx": 1, "dpx": 2, "qpx": 4, "cpx": 8}
_CONTEXT_SHARE: Final = 0.97
"""What a context sees of a partition's nominal memory."""


@dataclass(frozen=True, slots=True)
class Device:
    """One accelerator or partition. ``bandwidth`` is in GB/s, ``tflops`` by precision of the arithmetic.

    Both are what an H100 with these figures would have: where programs reach a smaller share of the vendor's peak
    than on an H100, the figures are smaller than the vendor's (``attainable`` in the data).
    ``link`` is GB/s one way to the ``island`` devices that share it; ``network`` is GB/s to other nodes.
    """

    id: str
    usable_gib: float
    bandwidth: float
    tflops: Mapping[str, float]
    link: float
    island: int
    network: float
    sources: tuple[str, ...]
    kernels: float = 1.0
    """Share of these figures that the engines' programs reach, beside those on an H100."""

    def peak(self, precision: str) -> float:
        """TFLOPS for weights in this precision; 4-bit integers and unsupported formats run at 16 bit."""
        wanted = {"fp8": "fp8", "int8": "fp8", "nvfp4": "fp4", "mxfp4": "fp4"}.get(precision, "bf16")
        if wanted in self.tflops:
            return self.tflops[wanted]
        return self.tflops["bf16"]


@cache
def _document() -> dict[str, Any]:
    place = "sizing/data/devices.yaml"
    try:
        document: dict[str, Any] = kubeyaml.load(
            (files("goldenpath.sizing") / "data" / "devices.yaml").read_text(encoding="utf-8"), name=place
        )
    except (OSError, InputError) as error:
        raise DataError(f"{place}: cannot be read: {error}") from error
    return document


def known_devices() -> tuple[str, ...]:
    """The ids of whole devices with figures."""
    return tuple(_document()["devices"])


@cache
def device(profile: str) -> Device:
    """The figures of a profile of the accelerator catalogue.

    :raises InputError: when the profile is not in the catalogue, or sizing has no figures for it.
    """
    known = catalogue()
    found = known.get(profile)
    if found is None:
        message = "is not an accelerator of the catalogue (`goldenpath profiles` lists them)"
        raise InputError([Problem("profile", "unknown-profile", message, profile, known.nearest(profile))])
    document = _document()
    entry = document["devices"].get(found.model)
    if entry is None:
        message = f"has no bandwidth and compute figures in sizing; there are figures for {', '.join(known_devices())}"
        raise InputError([Problem("profile", "sizing-device", message, profile)])
    sources = tuple(dict.fromkeys(document["sources"][key] for key in entry["sources"].values()))
    reached = entry.get("attainable", {})
    whole = Device(
        found.model,
        float(entry["usable_gib"]),
        entry["bandwidth"] * float(reached.get("bandwidth", 1)),
        MappingProxyType(
            {key: value * float(reached.get("tflops", 1)) for key, value in entry["tflops"].items()}
        ),
        entry["link"] * float(reached.get("link", 1)),
        int(entry["island"]),
        float(entry["network"]),
        sources,
        float(reached.get("kernels", 1)),
    )
    if found.partition is None:
        return whole
    return _partition(whole, profile, found.partition, found.memory_gib, found.per_device)


def _partition(whole: Device, profile: str, partition: str, memory: int | None, per_device: int) -> Device:
    """A MIG slice has compute slices of 7 and its share of memory and bandwidth; an AMD partition an equal share."""
    if match := _MIG.match(partition):
        compute = int(match["compute"]) / _MIG_COMPUTE_SLICES
        gib = float(memory or int(match["memory"]))
    else:
        compute = 1 / _AMD_PARTITIONS.get(partition.split("_", maxsplit=1)[0], per_device)
        gib = whole.usable_gib * compute
    share = min(1.0, gib / whole.usable_gib)
    return replace(
        whole,
        id=profile,
        usable_gib=min(gib * _CONTEXT_SHARE, whole.usable_gib),
        bandwidth=whole.bandwidth * share,
        tflops=MappingProxyType({key: value * compute for key, value in whole.tflops.items()}),
        link=0.0,
        island=1,
    )
