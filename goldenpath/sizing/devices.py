"""Usable memory, bandwidth and compute of whole devices and of partitions."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from goldenpath.accelerators import catalogue
from goldenpath.errors import InputError, Problem
from goldenpath.sizing.data_files import data_file

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GIB", "Device", "device", "known_devices"]

GIB: Final = 2**30
_MIG: Final = re.compile(r"(?P<compute>[0-9]+)g\.(?P<memory>[0-9]+)gb")
_MIG_COMPUTE_SLICES: Final = 7
_AMD_PARTITIONS: Final = {"spx": 1, "dpx": 2, "qpx": 4, "cpx": 8}
_CONTEXT_SHARE: Final = 0.97
"""Share of a partition's nominal memory that a context can use."""


@dataclass(frozen=True, slots=True)
class Device:
    """One accelerator or partition. ``bandwidth`` is in GB/s, and ``tflops`` is by precision of the arithmetic.

    The figures are comparable with those of an H100. Where programs reach a smaller share of the vendor's peak than on an
    H100, the figures are smaller than the vendor's (``attainable`` in the data). ``link`` is GB/s one way between the
    ``island`` devices that share it, and ``network`` is GB/s to other nodes.
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
    """Share of these figures that the engines' programs reach, relative to an H100."""

    def peak(self, precision: str) -> float:
        """Return the TFLOPS for weights in this precision. 4-bit integers and unsupported formats run at 16 bit."""
        wanted = {"fp8": "fp8", "int8": "fp8", "nvfp4": "fp4", "mxfp4": "fp4"}.get(precision, "bf16")
        return self.tflops.get(wanted, self.tflops["bf16"])


def known_devices() -> tuple[str, ...]:
    """Return the ids of whole devices with figures."""
    return tuple(data_file("devices.yaml")["devices"])


@cache
def device(profile: str) -> Device:
    """Return the figures of a profile of the accelerator catalogue.

    :raises InputError: where the profile is not in the catalogue, or has no figures.
    """
    known = catalogue()
    found = known.get(profile)
    if found is None:
        message = "is not an accelerator of the catalogue; `goldenpath profiles` lists the known ones"
        raise InputError([Problem("profile", "unknown-profile", message, profile, known.nearest(profile))])
    document = data_file("devices.yaml")
    entry = document["devices"].get(found.model)
    if entry is None:
        message = f"cannot be sized; sizing has figures for {', '.join(known_devices())}"
        raise InputError([Problem("profile", "sizing-device", message, profile)])
    sources = tuple(dict.fromkeys(document["sources"][key] for key in entry["sources"].values()))
    attainable = entry.get("attainable", {})
    whole = Device(
        found.model,
        float(entry["usable_gib"]),
        entry["bandwidth"] * float(attainable.get("bandwidth", 1)),
        MappingProxyType(
            {key: value * float(attainable.get("tflops", 1)) for key, value in entry["tflops"].items()}
        ),
        entry["link"] * float(attainable.get("link", 1)),
        int(entry["island"]),
        float(entry["network"]),
        sources,
        float(attainable.get("kernels", 1)),
    )
    if found.partition is None:
        return whole
    return _partition(whole, profile, found.partition, found.memory_gib, found.per_device)


def _partition(whole: Device, profile: str, partition: str, memory: int | None, per_device: int) -> Device:
    """Return a MIG slice with its sevenths of compute and its share of memory, or an AMD partition with an equal share."""
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
