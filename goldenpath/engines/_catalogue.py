"""Reads the files of the catalogue once."""

from __future__ import annotations

import difflib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from goldenpath.catalogue_files import read_catalogue_file, read_catalogue_folder
from goldenpath.engines._engine import Engine
from goldenpath.engines._facts import EngineFacts, ScalingFacts
from goldenpath.errors import DataError, InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

__all__ = ["EngineCatalogue", "engine_catalogue", "load_catalogue"]

DEFAULT_ENGINE: Final = "vllm"
"""The engine of a request without ``engine``."""


class EngineCatalogue:
    """Every known engine, sorted by name."""

    def __init__(self, engines: dict[str, Engine]) -> None:
        self._engines = dict(sorted(engines.items()))

    def __iter__(self) -> Iterator[Engine]:
        return iter(self._engines.values())

    def __len__(self) -> int:
        return len(self._engines)

    def __contains__(self, name: object) -> bool:
        return name in self._engines

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._engines)

    @property
    def default(self) -> Engine:
        return self._engines[DEFAULT_ENGINE]

    def get(self, name: str) -> Engine:
        """Return an engine.

        Raises:
            InputError: the name is unknown; the problem has the nearest name.
        """
        if name not in self._engines:
            message = f"is not an engine; the engines are {', '.join(self._engines)}"
            raise InputError([Problem("engine", "unknown-engine", message, name, self.nearest(name))])
        return self._engines[name]

    def nearest(self, name: str) -> str | None:
        """Return the known name that is closest to a misspelt one, or None."""
        lowered = name.lower().replace("_", "-").replace(".", "-")
        found = difflib.get_close_matches(lowered, self._engines, n=1)
        return found[0] if found else None


@cache
def engine_catalogue() -> EngineCatalogue:
    """Return the shipped catalogue.

    Raises:
        DataError: the shipped data is invalid.
    """
    return load_catalogue(files("goldenpath.engines"))


def load_catalogue(folder: Traversable) -> EngineCatalogue:
    """Read ``scaling.yaml`` and ``data/*.yaml`` from a folder.

    Raises:
        DataError: a file is invalid; the message names the file and the field.
    """
    scaling = read_catalogue_file(folder / "scaling.yaml", ScalingFacts, "engines/scaling.yaml")
    facts = read_catalogue_folder(folder / "data", EngineFacts, "engines/data", key="name")
    if DEFAULT_ENGINE not in facts:
        raise DataError(f"engines/data: {DEFAULT_ENGINE}.yaml is missing")
    return EngineCatalogue({name: Engine(each, scaling) for name, each in facts.items()})
