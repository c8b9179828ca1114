"""Reading the catalogue of exporters, once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from goldenpath.catalogue_files import read_catalogue_folder
from goldenpath.telemetry.exporter import Exporter, ExporterMetric

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

__all__ = ["ExporterCatalogue", "exporter_catalogue", "load_exporters"]


class ExporterCatalogue:
    """Every exporter that goldenpath knows; iterating gives them in the order of their names."""

    def __init__(self, exporters: Mapping[str, Exporter]) -> None:
        self._exporters = dict(sorted(exporters.items()))
        self._metrics = {metric.name: metric for exporter in self for metric in exporter.metrics}

    def __iter__(self) -> Iterator[Exporter]:
        return iter(self._exporters.values())

    def __len__(self) -> int:
        return len(self._exporters)

    def get(self, name: str) -> Exporter:
        """Raises KeyError for an exporter that is not in the catalogue."""
        return self._exporters[name]

    def metric(self, name: str) -> ExporterMetric | None:
        """A metric of any exporter by its name; None for one that no file lists."""
        return self._metrics.get(name)


@cache
def exporter_catalogue() -> ExporterCatalogue:
    """The catalogue that ships with goldenpath.

    Raises:
        DataError: its data is broken.
    """
    return load_exporters(files("goldenpath.telemetry") / "exporters")


def load_exporters(folder: Traversable) -> ExporterCatalogue:
    """Read every ``*.yaml`` of a folder.

    Raises:
        DataError: a file is broken, with its name and the place in it.
    """
    return ExporterCatalogue(read_catalogue_folder(folder, Exporter, "telemetry/exporters", key="name"))
