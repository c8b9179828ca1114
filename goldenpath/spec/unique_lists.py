"""Finds entries that occur twice in a list."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, get_args

from pydantic import BaseModel

from goldenpath.errors import MISSING, Problem
from goldenpath.spec.parsed_fields import Fields, Location, path_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["repeated_entries", "repeated_names"]

_EACH: Final = "*"
"""Stands for every index of a list. No field has this name."""


def repeated_names(fields: Fields, location: Location, key: str, *, fix: str) -> Iterator[Problem]:
    """Yield a problem for every entry of a list whose key equals that of an earlier entry."""
    names = (
        ((*location, index, key), fields.get(*location, index, key)) for index, _ in fields.items(*location)
    )
    yield from _repeated(((where, name) for where, name in names if name is not MISSING), fix)


def repeated_entries(model: type[BaseModel], fields: Fields) -> Iterator[Problem]:
    """Yield a problem for every repeated entry of the lists whose field has the hint `unique`."""
    for pattern in _unique_lists(model):
        for location in _locations(fields, pattern):
            entries = (((*location, index), entry) for index, entry in fields.items(*location))
            yield from _repeated(entries, "remove one")


def _repeated(entries: Iterable[tuple[Location, Any]], fix: str) -> Iterator[Problem]:
    seen = set()
    for where, entry in entries:
        if entry in seen:
            yield Problem(path_of(where), "duplicate", f"appears twice; {fix}", entry)
        seen.add(entry)


def _locations(fields: Fields, pattern: tuple[str, ...]) -> Iterator[Location]:
    found: list[Location] = [()]
    for step in pattern:
        found = [
            (*location, inner)
            for location in found
            for inner in ((index for index, _ in fields.items(*location)) if step == _EACH else (step,))
        ]
    yield from found


@cache
def _unique_lists(model: type[BaseModel]) -> tuple[tuple[str, ...], ...]:
    """Return the lists of a model with the hint, as paths of field names and :data:`_EACH`."""
    found: list[tuple[str, ...]] = []
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict) and extra.get("uniqueItems"):
            found.append((name,))
        found += [(name, *inner) for inner in _inside(field.annotation)]
    return tuple(found)


def _inside(annotation: Any) -> Iterator[tuple[str, ...]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _unique_lists(annotation)
    for part in get_args(annotation):
        is_list = getattr(annotation, "__origin__", None) in (list, tuple)
        yield from ((_EACH, *inner) if is_list else inner for inner in _inside(part))
