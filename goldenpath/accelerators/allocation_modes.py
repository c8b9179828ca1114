"""The ways of asking for an accelerator: who hands it out, whole or cut up, alone or shared."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

_FEWEST_REPLICAS: Final = 2


class Allocation(enum.StrEnum):
    """Who hands devices to Pods."""

    DEVICE_PLUGIN = "device-plugin"
    DRA = "dra"


class MigStrategy(enum.StrEnum):
    """How a device plugin names partitions.

    The words come from NVIDIA's ``migStrategy``; AMD's ``resource_naming_strategy`` has the same ``single``
    and ``mixed``, with the same meaning.
    """

    NONE = "none"
    SINGLE = "single"
    MIXED = "mixed"


class SharingMode(enum.StrEnum):
    """How several containers come to use one device at the same time."""

    TIME_SLICING = "time-slicing"
    MPS = "mps"
    VGPU = "vgpu"


@dataclass(frozen=True, slots=True)
class DeviceSharing:
    """One device offered as ``replicas`` (two or more).

    ``rename`` is the device plugin's ``renameByDefault``: shared devices then have a resource name of their
    own (``nvidia.com/gpu.shared``), and labels keep the bare product name. Raises ValueError for fewer than
    two replicas, an unknown mode, or a vGPU with ``rename``, which is not a setting of the plugin.
    """

    mode: SharingMode
    replicas: int
    rename: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "mode", SharingMode(self.mode))
        if self.replicas < _FEWEST_REPLICAS:
            raise ValueError(f"sharing needs at least {_FEWEST_REPLICAS} replicas, not {self.replicas}")
        if self.rename and self.mode is SharingMode.VGPU:
            raise ValueError("vgpu cannot be renamed: renameByDefault is for time-slicing and mps")
