"""An entry of the catalogue: a model of accelerator, or a partition profile of a model."""

from __future__ import annotations

import abc
import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from goldenpath.accelerators.allocation_modes import Allocation, DeviceSharing, MigStrategy, SharingMode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.catalogue_files import FactSource

_DEVICE_CLASS_NAME: Final = str.maketrans({"/": ".", "+": ".", "_": "-"})


class Confidence(enum.StrEnum):
    """How certain a fact is."""

    DOCUMENTED = "documented"
    """The vendor's documentation or code states it."""
    REPORTED = "reported"
    """Another source states it, or the vendor states it without the name of the board."""
    DERIVED = "derived"
    """It follows from a rule of the vendor, and no source confirms it."""


class MemoryOf(enum.StrEnum):
    """The meaning of a number of GiB: the memory that the device reports, or the vendor's marketing figure."""

    DEVICE = "device"
    VENDOR = "vendor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator(abc.ABC):
    """A whole device (``partition`` is None) or one partition profile of it.

    ``memory_gib`` is the memory in GiB; None if the vendor states none (AMD partitions). ``memory_of`` tells whether the
    number is the device's own, as in the name of its full MIG profile, or the vendor's figure, which is slightly above the
    device's. ``per_device`` is the number that fits on an empty device. ``products`` are the product names or ids that
    drivers report. They vary by board, so any of them matches. ``confidence`` and ``note`` qualify the facts. ``facts``
    maps each group of facts to its sources.

    The methods raise ValueError for a strategy or mode outside ``mig_strategies`` and ``sharing_modes``.
    """

    id: str
    model: str
    partition: str | None
    vendor: str
    title: str
    memory_gib: int | None
    memory_of: MemoryOf
    per_device: int
    driver: str
    products: tuple[str, ...]
    allocations: tuple[Allocation, ...]
    mig_strategies: tuple[MigStrategy, ...]
    sharing_modes: tuple[SharingMode, ...]
    confidence: Confidence
    note: str
    facts: Mapping[str, tuple[FactSource, ...]] = field(hash=False)

    @property
    def sources(self) -> tuple[FactSource, ...]:
        """Every source of the entry, each once."""
        return tuple(dict.fromkeys(source for group in self.facts.values() for source in group))

    @property
    def memory(self) -> str:
        """The memory as text, such as ``80 GiB`` or ``24 GiB by the vendor``; empty if the vendor states none."""
        if self.memory_gib is None:
            return ""
        return f"{self.memory_gib} GiB{'' if self.memory_of is MemoryOf.DEVICE else ' by the vendor'}"

    @property
    def device_class(self) -> str:
        """The name of the platform's DeviceClass: a DNS subdomain, unique in the catalogue."""
        return self.id.translate(_DEVICE_CLASS_NAME).lower()

    @property
    @abc.abstractmethod
    def device_selector(self) -> str:
        """The CEL expression of the DeviceClass (``resource.k8s.io/v1`` ``selectors[].cel.expression``).

        Without ``dra`` in ``allocations``, it selects no device.
        """

    @property
    @abc.abstractmethod
    def resource_names(self) -> tuple[str, ...]:
        """Every extended resource that can request this entry, under any setting."""

    def resource_name(
        self, mig_strategy: MigStrategy | str | None = None, sharing: DeviceSharing | None = None
    ) -> str:
        """Return the extended resource that the device plugin offers for this entry.

        Without a strategy, a whole device has its usual name, and a partition has its own name (``mixed``).
        """
        return self._resource_name(self._strategy(mig_strategy), self._shared(sharing))

    def node_labels(
        self, mig_strategy: MigStrategy | str | None = None, sharing: DeviceSharing | None = None
    ) -> Mapping[str, tuple[str, ...]]:
        """Return the labels of nodes with this entry, each with its accepted values.

        The first label identifies the model. Values above 63 characters are left out, because Kubernetes refuses them.
        """
        return self._node_labels(self._strategy(mig_strategy), self._shared(sharing))

    @abc.abstractmethod
    def _resource_name(self, strategy: MigStrategy | None, sharing: DeviceSharing | None) -> str: ...

    @abc.abstractmethod
    def _node_labels(
        self, strategy: MigStrategy | None, sharing: DeviceSharing | None
    ) -> dict[str, tuple[str, ...]]: ...

    def _strategy(self, given: MigStrategy | str | None) -> MigStrategy | None:
        if given is None:
            return None
        strategy = MigStrategy(given)
        if strategy not in self.mig_strategies:
            raise ValueError(f"{self.id} is not offered with the strategy {strategy.value!r}")
        return strategy

    def _shared(self, sharing: DeviceSharing | None) -> DeviceSharing | None:
        if sharing is not None and sharing.mode not in self.sharing_modes:
            raise ValueError(f"{self.id} cannot be shared by {sharing.mode.value}")
        return sharing

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, as ``--format json`` prints it."""
        return {
            "id": self.id,
            "vendor": self.vendor,
            "model": self.model,
            "partition": self.partition,
            "title": self.title,
            "memory_gib": self.memory_gib,
            "memory_of": self.memory_of.value,
            "per_device": self.per_device,
            "resource_name": self.resource_name(),
            "resource_names": list(self.resource_names),
            "node_labels": {label: list(values) for label, values in self.node_labels().items()},
            "allocations": [allocation.value for allocation in self.allocations],
            "mig_strategies": [strategy.value for strategy in self.mig_strategies],
            "sharing_modes": [mode.value for mode in self.sharing_modes],
            "device_class": self.device_class,
            "device_selector": self.device_selector,
            "confidence": self.confidence.value,
            "note": self.note,
            "facts": {
                group: [
                    {"name": s.name, "version": s.version, "section": s.section, "url": s.url, "date": s.date}
                    for s in sources
                ]
                for group, sources in self.facts.items()
            },
        }
