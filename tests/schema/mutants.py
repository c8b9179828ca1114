"""Mutants of good objects; an API server refuses most of them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Iterator

OBJECTS = Path(__file__).with_name("objects")


class Mutant(NamedTuple):
    """The change, its place, and the changed object."""

    kind: str
    change: str
    path: tuple[str | int, ...]
    body: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.kind} {'.'.join(map(str, self.path))} {self.change}"


def good_objects() -> list[dict[str, Any]]:
    return [body for file in sorted(OBJECTS.glob("*.yaml")) for body in kubeyaml.load_all(file.read_text())]


def mutants(body: dict[str, Any]) -> Iterator[Mutant]:
    """All changes of one object."""
    kind = f"{body['apiVersion']}/{body['kind']}"
    for path, value in _places(body):
        if path[0] in {"apiVersion", "kind"}:
            continue
        for change, other in _others(value):
            yield Mutant(kind, change, path, _with(body, path, other))
        yield Mutant(kind, "removed", path, _without(body, path))
        if isinstance(value, dict):
            yield Mutant(kind, "unknown field", path, _with(body, path, {**value, "unknwon": 1}))


def _others(value: Any) -> Iterator[tuple[str, Any]]:
    yield "null", None
    match value:
        case bool():
            yield from (("text", "yes"), ("number", 1))
        case int():
            yield from (
                ("text", "x"),
                ("negative", -1),
                ("zero", 0),
                ("large", 3_000_000_000),
                ("fraction", 1.5),
            )
            yield from (("many", 70_000), ("flag", True))
        case str():
            yield from (
                ("empty", ""),
                ("number", 7),
                ("odd", "Bad_Value!"),
                ("long", "x" * 300),
                ("list", [value]),
            )
            yield from (
                ("upper", value.upper()),
                ("space", f"{value} "),
                ("flag", True),
                ("slash", f"/{value}"),
            )
        case list():
            yield from (("empty", []), ("text", "x"), ("mapping", {"a": "b"}))
            if value:
                yield from (("twice", [*value, copy.deepcopy(value[-1])]), ("null item", [*value, None]))
        case dict():
            yield from (("empty", {}), ("text", "x"), ("list", [value]))


def _places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, (*path, index))


def _with(body: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    result = copy.deepcopy(body)
    place: Any = result
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return result


def _without(body: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    result = copy.deepcopy(body)
    place: Any = result
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return result
