"""Reading the catalogue's files, once."""

from __future__ import annotations

import difflib
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import BaseModel, ValidationError

from goldenpath import kubeyaml
from goldenpath.engines._engine import Engine
from goldenpath.engines._facts import EngineFacts, ScalingFacts
from goldenpath.errors import DataError, InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

__all__ = ["EngineCatalogue", "engine_catalogue", "load_catalogue"]

_Model = TypeVar("_Model", bound=BaseModel)

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
    scaling = _read(folder / "scaling.yaml", ScalingFacts)
    engines = {}
    for file in (folder / "data").iterdir():
        if not file.name.endswith(".yaml"):
            continue
        facts = _read(file, EngineFacts)
        if file.name != f"{facts.name}.yaml":
            raise DataError(f"engines/data/{file.name}: name: {facts.name!r} is not the name of the file")
        engines[facts.name] = Engine(facts, scaling)
    if DEFAULT_ENGINE not in engines:
        raise DataError(f"engines/data: {DEFAULT_ENGINE}.yaml is missing")
    return EngineCatalogue(engines)


def _read(file: Traversable, model: type[_Model]) -> _Model:
    place = f"engines/{file.name}"
    try:
        document = kubeyaml.load(file.read_text(encoding="utf-8"), name=place)
        # Through JSON, strictness keeps its meaning: text for a number is refused, text for a date is read.
        return model.model_validate_json(json.dumps(document))
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()]
        raise DataError(f"{place}: " + "; ".join(lines)) from error
    except (OSError, UnicodeDecodeError, InputError) as error:
        raise DataError(f"{place}: cannot be read: {error}") from error
