"""One entry of the catalogue: a model, or one kind of partition of a model."""

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
    """How sure a fact is."""

    DOCUMENTED = "documented"
    """The vendor's documentation or code says so."""
    REPORTED = "reported"
    """Another source than the vendor states it, or the vendor states it without naming the board."""
    DERIVED = "derived"
    """It follows from a rule of the vendor; no source was found that saw it."""


class MemoryOf(enum.StrEnum):
    """What a number of GiB is: what the device gives, or what its vendor sells it by."""

    DEVICE = "device"
    VENDOR = "vendor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator(abc.ABC):
    """A whole device (``partition`` is None) or one partition profile of it.

    ``memory_gib`` is the memory in GiB, and ``memory_of`` whose number it is: the device's own, as in the name of
    its full MIG profile, or the figure that its vendor sells it by; the device then gives a little less. None where
    the vendor promises none (AMD partitions). ``per_device`` is how many fit on one device that
    holds nothing else. ``products`` are the product names or ids that drivers report for this model: they vary
    by board, so match any of them. ``confidence`` and ``note`` say what to be careful about. ``facts`` maps
    each group of facts to its sources.

    ``mig_strategies`` and ``sharing_modes`` are what the methods below accept; anything else is a ValueError.
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
        """Every source of this entry, once."""
        return tuple(dict.fromkeys(source for group in self.facts.values() for source in group))

    @property
    def memory(self) -> str:
        """The memory for people: ``80 GiB``, or ``24 GiB by the vendor``; empty where none is promised."""
        if self.memory_gib is None:
            return ""
        return f"{self.memory_gib} GiB{'' if self.memory_of is MemoryOf.DEVICE else ' by the vendor'}"

    @property
    def device_class(self) -> str:
        """The platform's own DeviceClass for this entry: a DNS subdomain, unique over the catalogue."""
        return self.id.translate(_DEVICE_CLASS_NAME).lower()

    @property
    @abc.abstractmethod
    def device_selector(self) -> str:
        """The CEL expression for that DeviceClass (``resource.k8s.io/v1`` ``selectors[].cel.expression``).

        It selects something only where ``allocations`` has ``dra``.
        """

    @property
    @abc.abstractmethod
    def resource_names(self) -> tuple[str, ...]:
        """Every extended resource by which this entry can be asked for, under any setting."""

    def resource_name(
        self, mig_strategy: MigStrategy | str | None = None, sharing: DeviceSharing | None = None
    ) -> str:
        """The extended resource by which the device plugin offers this entry.

        Without a strategy, a whole device has its everyday name and a partition a name of its own (``mixed``).
        """
        return self._resource_name(self._strategy(mig_strategy), self._shared(sharing))

    def node_labels(
        self, mig_strategy: MigStrategy | str | None = None, sharing: DeviceSharing | None = None
    ) -> Mapping[str, tuple[str, ...]]:
        """The labels of nodes that offer this entry so: label → accepted values.

        The first label is the one that tells the model. Values that Kubernetes would refuse (over 63
        characters) are left out: no node carries them.
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
        """Plain data for programs: what ``--format json`` prints."""
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
