"""Reading the catalogue's files, once."""

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
"""What a request without ``engine`` means."""


class EngineCatalogue:
    """Every engine that goldenpath knows, by name; iterating gives them in the order of their names."""

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
        """The engine of a request that names none."""
        return self._engines[DEFAULT_ENGINE]

    def get(self, name: str) -> Engine:
        """:raises InputError: for a name that is not known, with the nearest one."""
        if name not in self._engines:
            message = f"no such engine; there are {', '.join(self._engines)}"
            raise InputError([Problem("engine", "unknown-engine", message, name, self.nearest(name))])
        return self._engines[name]

    def nearest(self, name: str) -> str | None:
        """The known name that a misspelt one most likely means."""
        lowered = name.lower().replace("_", "-").replace(".", "-")
        found = difflib.get_close_matches(lowered, self._engines, n=1)
        return found[0] if found else None


@cache
def engine_catalogue() -> EngineCatalogue:
    """The catalogue that ships with goldenpath; :raises DataError: when its data is broken."""
    return load_catalogue(files("goldenpath.engines"))


def load_catalogue(folder: Traversable) -> EngineCatalogue:
    """Read ``scaling.yaml`` and ``data/*.yaml`` of a folder; :raises DataError: naming the file and the place."""
    scaling = read_catalogue_file(folder / "scaling.yaml", ScalingFacts, "engines/scaling.yaml")
    facts = read_catalogue_folder(folder / "data", EngineFacts, "engines/data", key="name")
    if DEFAULT_ENGINE not in facts:
        raise DataError(f"engines/data: {DEFAULT_ENGINE}.yaml is missing")
    return EngineCatalogue({name: Engine(each, scaling) for name, each in facts.items()})
