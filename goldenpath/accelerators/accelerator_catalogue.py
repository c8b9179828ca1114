"""The catalogue of accelerators as one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.accelerators.near_miss import nearest_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.accelerators.accelerator import Accelerator
    from goldenpath.accelerators.vendor import Vendor


class Catalogue:
    """Every known accelerator by id, in the order of the data: each model, then its partitions."""

    def __init__(
        self, vendors: Iterable[Vendor], accelerators: Iterable[Accelerator], aliases: Mapping[str, str]
    ) -> None:
        """``aliases`` maps other names of models to their ids. Only ``nearest`` uses them."""
        self._vendors = {vendor.id: vendor for vendor in vendors}
        self._by_id = {accelerator.id: accelerator for accelerator in accelerators}
        self._aliases = dict(aliases)
        self._partitions: dict[str, list[Accelerator]] = {each.id: [] for each in self.models}
        for accelerator in self:
            if accelerator.partition is not None:
                self._partitions[accelerator.model].append(accelerator)

    def __iter__(self) -> Iterator[Accelerator]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._by_id

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._by_id)

    @property
    def models(self) -> tuple[Accelerator, ...]:
        """The whole devices."""
        return tuple(each for each in self if each.partition is None)

    @property
    def vendors(self) -> tuple[Vendor, ...]:
        return tuple(self._vendors.values())

    def get(self, id_: str) -> Accelerator | None:
        return self._by_id.get(id_)

    def vendor(self, id_: str) -> Vendor:
        """Return a vendor. An unknown id raises KeyError."""
        return self._vendors[id_]

    def of_vendor(self, vendor_id: str) -> tuple[Accelerator, ...]:
        return tuple(each for each in self if each.vendor == vendor_id)

    def partitions_of(self, model_id: str) -> tuple[Accelerator, ...]:
        """Return the partitions of a model. An unknown model raises KeyError."""
        return tuple(self._partitions[model_id])

    def resource_names_of(self, model_id: str) -> tuple[str, ...]:
        """Return every extended resource for a device of this model, whole, partitioned or shared.

        A quota that allows one of them must set all others to 0. An unknown model raises KeyError.
        """
        entries = (self._by_id[model_id], *self._partitions[model_id])
        return tuple(dict.fromkeys(name for entry in entries for name in entry.resource_names))

    def nearest(self, id_: str) -> str | None:
        """Return the id that is closest to a text, ignoring case; None if no id is close."""
        partitions = {model: [each.id for each in entries] for model, entries in self._partitions.items()}
        return nearest_id(id_, partitions, self._aliases)
