"""Facts of a vendor that apply to all its models."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.accelerators.allocation_modes import SharingMode
    from goldenpath.catalogue_files import FactSource


@dataclass(frozen=True, slots=True)
class Taint:
    """The taint that the vendor's operator expects on nodes with accelerators, to keep other Pods away."""

    key: str
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """The names of a vendor in Kubernetes.

    ``drivers`` are its DRA drivers, the main one first. ``device_classes`` are the DeviceClasses of its charts, which do
    not distinguish models or partitions. ``base_resource_names`` are the extended resources that every model has.
    ``facts`` maps each group of facts to its sources.
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
