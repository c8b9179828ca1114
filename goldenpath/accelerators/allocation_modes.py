"""The ways to allocate an accelerator: by device plugin or DRA, whole or partitioned, exclusive or shared."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

_FEWEST_REPLICAS: Final = 2


class Allocation(enum.StrEnum):
    """The component that allocates devices to Pods."""

    DEVICE_PLUGIN = "device-plugin"
    DRA = "dra"


class MigStrategy(enum.StrEnum):
    """How a device plugin names partitions.

    The values are those of NVIDIA's ``migStrategy``. AMD's ``resource_naming_strategy`` has ``single`` and ``mixed`` with
    the same meaning.
    """

    NONE = "none"
    SINGLE = "single"
    MIXED = "mixed"


class SharingMode(enum.StrEnum):
    """How several containers use one device at the same time."""

    TIME_SLICING = "time-slicing"
    MPS = "mps"
    VGPU = "vgpu"


@dataclass(frozen=True, slots=True)
class DeviceSharing:
    """One device that is offered as two or more ``replicas``.

    ``rename`` is the device plugin's ``renameByDefault``: shared devices have their own resource name
    (``nvidia.com/gpu.shared``), and labels keep the plain product name.

    Raises:
        ValueError: fewer than two replicas, an unknown mode, or ``rename`` for a vGPU, which the plugin does not support.
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
