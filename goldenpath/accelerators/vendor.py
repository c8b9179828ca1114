"""Facts of a vendor that hold for all its models."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.accelerators.allocation_modes import SharingMode
    from goldenpath.catalogue_files import FactSource


@dataclass(frozen=True, slots=True)
class Taint:
    """The taint by which the vendor's own operator expects accelerator nodes to be kept for accelerators."""

    key: str
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A vendor's Kubernetes side.

    ``drivers`` are its DRA drivers, the main one first. ``device_classes`` are the DeviceClasses that its own
    charts install: none tells models or partitions apart. ``base_resource_names`` are the extended resources
    that exist whatever the model. ``facts`` gives the sources of each group of facts.
    """

    id: str
    title: str
    drivers: tuple[str, ...]
    device_classes: tuple[str, ...]
    base_resource_names: tuple[str, ...]
    taint: Taint | None
    sharing_modes: tuple[SharingMode, ...]
    note: str
    facts: Mapping[str, tuple[FactSource, ...]] = field(hash=False)

    @property
    def driver(self) -> str:
        return self.drivers[0]
