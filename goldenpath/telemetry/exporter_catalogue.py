"""Reads the catalogue of exporters once."""

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
    """Every known exporter, sorted by name."""

    def __init__(self, exporters: Mapping[str, Exporter]) -> None:
        self._exporters = dict(sorted(exporters.items()))
        self._metrics = {metric.name: metric for exporter in self for metric in exporter.metrics}

    def __iter__(self) -> Iterator[Exporter]:
        return iter(self._exporters.values())

    def __len__(self) -> int:
        return len(self._exporters)

    def get(self, name: str) -> Exporter:
        """Return an exporter. An unknown name raises KeyError."""
        return self._exporters[name]

    def metric(self, name: str) -> ExporterMetric | None:
        """Return a metric of any exporter by name, or None."""
        return self._metrics.get(name)


@cache
def exporter_catalogue() -> ExporterCatalogue:
    """Return the shipped catalogue.

    Raises:
        DataError: the shipped data is invalid.
    """
    return load_exporters(files("goldenpath.telemetry") / "exporters")


def load_exporters(folder: Traversable) -> ExporterCatalogue:
    """Read every ``*.yaml`` of a folder.

    Raises:
        DataError: a file is invalid; the message names the file and the field.
    """
    return ExporterCatalogue(read_catalogue_folder(folder, Exporter, "telemetry/exporters", key="name"))
