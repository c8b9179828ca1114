"""Reading the catalogue of exporters, once."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from pydantic import ValidationError

from goldenpath import kubeyaml
from goldenpath.errors import DataError, InputError
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
    exporters: dict[str, Exporter] = {}
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if not file.name.endswith(".yaml"):
            continue
        exporter = _read(file)
        if file.name != f"{exporter.name}.yaml":
            raise DataError(
                f"telemetry/exporters/{file.name}: `name: {exporter.name}` is not the file's name"
            )
        exporters[exporter.name] = exporter
    return ExporterCatalogue(exporters)


def _read(file: Traversable) -> Exporter:
    place = f"telemetry/exporters/{file.name}"
    try:
        document = kubeyaml.load(file.read_text(encoding="utf-8"), name=place)
        # Through JSON, strictness keeps its meaning: text for a number is refused, text for a date is read.
        return Exporter.model_validate_json(json.dumps(document))
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()]
        raise DataError(f"{place}: " + "; ".join(lines)) from error
    except (OSError, UnicodeDecodeError, InputError) as error:
        raise DataError(f"{place}: cannot be read: {error}") from error
