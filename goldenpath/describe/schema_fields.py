"""Every field of a spec, read off its JSON Schema: the one walk from which forms, answers and tables are made."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from goldenpath.describe.json_schema import json_schema, resolve
from goldenpath.errors import MISSING
from goldenpath.spec.hints import CHOICES, ChosenFrom, Door, is_asked_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.paths import GoldenPath
    from goldenpath.spec.parsed_fields import Location

__all__ = ["ANY_KEY", "FieldShape", "SpecField", "every_field", "map_values", "request_fields", "spec_fields"]

ANY_KEY: Final = "<name>"
"""In a location: any key of a mapping."""


class FieldShape(enum.StrEnum):
    """What kind of value a field takes, in words for people."""

    TEXT = "text"
    INTEGER = "whole number"
    NUMBER = "number"
    BOOLEAN = "true or false"
    LIST = "list"
    MAP = "mapping"
    OBJECT = "fields"
    OBJECTS = "list of fields"


_CHOSEN_FROM: Final = frozenset(source.value for source in ChosenFrom)
_SCALARS = {"integer": FieldShape.INTEGER, "number": FieldShape.NUMBER, "boolean": FieldShape.BOOLEAN}
_SIMPLE = frozenset({FieldShape.TEXT, *_SCALARS.values(), FieldShape.LIST})


@dataclass(frozen=True, slots=True, eq=False)
class SpecField:
    """One field, with the fields inside it.

    ``location`` holds ``0`` where an entry of a list is meant, and :data:`ANY_KEY` for one of a mapping.
    ``schema`` is the field's own, with references followed and ``null`` left out. ``entry`` is the shape of
    what a ``LIST`` or ``MAP`` holds, and of a single value the same as ``shape``. ``required`` is true where its parent cannot be without it, ``nullable`` where it can be
    absent as a whole. ``variant`` is the field that selects the shape of its parent (``git`` or ``oci`` in a
    source), or empty; children of several variants stand one after the other.
    """

    location: Location
    schema: Mapping[str, Any]
    shape: FieldShape
    entry: FieldShape
    required: bool
    nullable: bool
    variant: str
    children: tuple[SpecField, ...]

    @property
    def name(self) -> str:
        """Its own name: ``quota``."""
        return str(self.location[-1])

    @property
    def path(self) -> str:
        """As people write it: ``gpus[].quota``."""
        text = ""
        for step in self.location:
            text += "[]" if isinstance(step, int) else f".{step}" if text else step
        return text

    @property
    def description(self) -> str:
        """What it means, from the model's docstring; empty where an extra input says nothing."""
        return str(self.schema.get("description", ""))

    @property
    def default(self) -> Any:
        """Its default, or :data:`~goldenpath.errors.MISSING`."""
        return self.schema.get("default", MISSING)

    @property
    def choices(self) -> tuple[Any, ...]:
        """The only values that it or its entries may have; empty where any will do."""
        entry = self.schema.get("items", {}) if self.shape is FieldShape.LIST else self.schema
        return tuple(entry.get("enum", ()))

    @property
    def chosen_from(self) -> ChosenFrom | None:
        """What its value or its entries are chosen from, if they are."""
        said = self.schema.get(CHOICES)
        return ChosenFrom(said) if said in _CHOSEN_FROM else None

    def is_asked_by(self, door: Door) -> bool:
        """Whether a door asks people for it."""
        return is_asked_by(door, self.schema)

    @property
    def is_simple(self) -> bool:
        """Whether it is one value, or a list of such: what a prompt can ask for."""
        return self.shape in _SIMPLE


def spec_fields(schema: dict[str, Any]) -> tuple[SpecField, ...]:
    """The fields of a spec, in the order of the model.

    Args:
        schema: what :func:`~goldenpath.describe.json_schema.json_schema` gives.

    """
    return tuple(_fields(schema, schema, ()))


@lru_cache(maxsize=64)
def request_fields(path: GoldenPath) -> tuple[SpecField, ...]:
    """The fields of what a golden path is rendered from, read off its schema once.

    Raises:
        DataError: the extra inputs are no usable JSON Schema.
    """
    return spec_fields(json_schema(path))


def every_field(fields: Iterable[SpecField]) -> Iterator[SpecField]:
    """The fields with all that are inside them, parents before their children."""
    for field in fields:
        yield field
        yield from every_field(field.children)


def _fields(node: Mapping[str, Any], root: dict[str, Any], location: Location) -> Iterator[SpecField]:
    for variant, shape in _variants(node, root):
        for name, entry in shape.get("properties", {}).items():
            # An extra input's references are relative to the golden path's own schema.
            entry_root = entry if "$id" in entry else root
            required = name in shape.get("required", ())
            yield _field(entry, entry_root, (*location, name), required=required, variant=variant)


def _variants(node: Mapping[str, Any], root: dict[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if "properties" in node:
        yield "", node
        return
    for option in node.get("oneOf", ()):
        shape = resolve(option, root)
        yield next(iter(shape.get("required", ())), ""), shape


def _field(
    node: dict[str, Any], root: dict[str, Any], location: Location, *, required: bool, variant: str
) -> SpecField:
    schema = resolve(node, root)
    shape = entry = _shape(schema, root)
    children: Iterable[SpecField] = ()
    if shape is FieldShape.LIST:
        schema = {**schema, "items": resolve(schema.get("items", {}), root)}
        entry = _shape(schema["items"], root)
        shape = FieldShape.LIST if entry in _SIMPLE else FieldShape.OBJECTS
        children = _fields(schema["items"], root, (*location, 0)) if shape is FieldShape.OBJECTS else ()
    elif shape is FieldShape.MAP:
        values = resolve(map_values(schema), root)
        entry = _shape(values, root)
        children = _fields(values, root, (*location, ANY_KEY)) if entry is FieldShape.OBJECT else ()
    elif shape is FieldShape.OBJECT:
        children = _fields(schema, root, location)
    nullable = {"type": "null"} in node.get("anyOf", ())
    return SpecField(location, schema, shape, entry, required, nullable, variant, tuple(children))


def map_values(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a mapping's values: of all keys that fit the pattern, or of any key."""
    patterned: list[dict[str, Any]] = list(schema.get("patternProperties", {}).values())
    others = schema.get("additionalProperties")
    return patterned[0] if patterned else others if isinstance(others, dict) else {"type": "object"}


def _shape(schema: Mapping[str, Any], root: dict[str, Any]) -> FieldShape:
    options = [resolve(option, root) for option in schema.get("oneOf", ())]
    if "properties" in schema or (options and all("properties" in option for option in options)):
        return FieldShape.OBJECT
    kinds = {"object": FieldShape.MAP, "array": FieldShape.LIST, **_SCALARS}
    return kinds.get(str(schema.get("type")), FieldShape.TEXT)
