"""Lists in which no entry occurs twice: those whose field has the hint `unique`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, get_args

from pydantic import BaseModel

from goldenpath.errors import Problem
from goldenpath.spec.parsed_fields import Fields, Location, path_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["repeated", "repeated_entries"]

_EACH: Final = "*"
"""Stands for every index of a list. No field has this name."""


def repeated(entries: Iterable[tuple[int, Any]]) -> Iterator[int]:
    """Indices of entries that an earlier one equals."""
    seen = set()
    for index, entry in entries:
        if entry in seen:
            yield index
        seen.add(entry)


def repeated_entries(model: type[BaseModel], fields: Fields) -> Iterator[Problem]:
    """A problem for every entry that its list has twice."""
    for pattern in _unique_lists(model):
        for location in _locations(fields, pattern):
            for index in repeated(fields.items(*location)):
                where = (*location, index)
                message = "is there twice; remove one"
                yield Problem(path_of(where), "duplicate", message, fields.get(*where))


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
    """Where the lists are, as paths of field names and :data:`_EACH`."""
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
