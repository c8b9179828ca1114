"""The fields of a request or fleet, read from its JSON Schema. Forms, answers and tables are generated from them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from goldenpath.describe.json_schema import json_schema, resolve
from goldenpath.errors import MISSING
from goldenpath.spec.hints import CHOICES, UNASKED, ChosenFrom, Frontend

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.paths import GoldenPath
    from goldenpath.spec.parsed_fields import Location

__all__ = ["ANY_KEY", "FieldShape", "SpecField", "every_field", "map_values", "request_fields", "spec_fields"]

ANY_KEY: Final = "<name>"
"""In a location: any key of a mapping."""


class FieldShape(enum.StrEnum):
    """The kind of value that a field takes, in words for people."""

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

    ``location`` has ``0`` for any entry of a list, and :data:`ANY_KEY` for any key of a mapping. ``schema`` has its
    references followed and ``null`` left out. ``entry`` is the shape of the entries of a ``LIST`` or ``MAP``, and equals
    ``shape`` for a single value. ``required`` is true where the parent needs the field, and ``nullable`` where the field
    may be `null`. ``variant`` is the field that selects the variant of the parent (``git`` or ``oci`` in a source), or
    empty. ``children`` has the fields of all variants, one variant after the other.
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
        """The last step of its path: ``quota``."""
        return str(self.location[-1])

    @property
    def path(self) -> str:
        """The path as people write it: ``gpus[].quota``."""
        text = ""
        for step in self.location:
            text += "[]" if isinstance(step, int) else f".{step}" if text else step
        return text

    @property
    def description(self) -> str:
        """The field's docstring in the model; empty for an extra input without a description."""
        return str(self.schema.get("description", ""))

    @property
    def default(self) -> Any:
        """The default, or :data:`~goldenpath.errors.MISSING`."""
        return self.schema.get("default", MISSING)

    @property
    def choices(self) -> tuple[Any, ...]:
        """The allowed values of the field or its entries; empty where any value is allowed."""
        entry = self.schema.get("items", {}) if self.shape is FieldShape.LIST else self.schema
        return tuple(entry.get("enum", ()))

    @property
    def chosen_from(self) -> ChosenFrom | None:
        """The source of the choices, if the field has one."""
        source = self.schema.get(CHOICES)
        return ChosenFrom(source) if source in _CHOSEN_FROM else None

    def is_asked_by(self, frontend: Frontend) -> bool:
        """Whether a frontend asks people for this field."""
        return frontend.value not in self.schema.get(UNASKED, ())

    @property
    def is_simple(self) -> bool:
        """Whether the field is one value or a list of values, so that a prompt can ask for it."""
        return self.shape in _SIMPLE


def spec_fields(schema: dict[str, Any]) -> tuple[SpecField, ...]:
    """Return the fields of a schema from :func:`~goldenpath.describe.json_schema.json_schema`, in the order of the model."""
    return tuple(_fields(schema, schema, ()))


@lru_cache(maxsize=64)
def request_fields(path: GoldenPath) -> tuple[SpecField, ...]:
    """Return the fields of a golden path's request or of the fleet.

    Raises:
        DataError: the extra inputs are not a usable JSON Schema.
    """
    return spec_fields(json_schema(path))


def every_field(fields: Iterable[SpecField]) -> Iterator[SpecField]:
    """Yield the fields and all their inner fields, parents before children."""
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
    """Return the schema of a mapping's values: for keys that match its pattern, or for any key."""
    patterned: list[dict[str, Any]] = list(schema.get("patternProperties", {}).values())
    others = schema.get("additionalProperties")
    return patterned[0] if patterned else others if isinstance(others, dict) else {"type": "object"}


def _shape(schema: Mapping[str, Any], root: dict[str, Any]) -> FieldShape:
    options = [resolve(option, root) for option in schema.get("oneOf", ())]
    if "properties" in schema or (options and all("properties" in option for option in options)):
        return FieldShape.OBJECT
    kinds = {"object": FieldShape.MAP, "array": FieldShape.LIST, **_SCALARS}
    return kinds.get(str(schema.get("type")), FieldShape.TEXT)
