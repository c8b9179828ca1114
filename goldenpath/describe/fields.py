"""Every field of a spec, read off its JSON Schema: the one walk from which forms, answers and tables are made."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.describe.json_schema import resolve
from goldenpath.errors import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.spec.fields import Location

__all__ = ["Shape", "SpecField", "spec_fields"]


class Shape(enum.StrEnum):
    """What kind of value a field takes, in words for people."""

    TEXT = "text"
    INTEGER = "whole number"
    NUMBER = "number"
    BOOLEAN = "true or false"
    LIST = "list"
    MAP = "mapping"
    OBJECT = "fields"
    OBJECTS = "list of fields"


_SCALARS = {"integer": Shape.INTEGER, "number": Shape.NUMBER, "boolean": Shape.BOOLEAN}
_SIMPLE = frozenset({Shape.TEXT, *_SCALARS.values(), Shape.LIST})


@dataclass(frozen=True, slots=True, eq=False)
class SpecField:
    """One field.

    ``location`` holds ``0`` where an entry of a list is meant. ``schema`` is the field's own, with references
    followed and ``null`` left out. ``entry`` is the shape of what a ``LIST`` holds, and of a single value the
    same as ``shape``. ``required`` is true where its parent cannot be without it. ``variant`` is the field
    that selects the shape of its parent (``git`` or ``oci`` in a source), or empty.
    """

    location: Location
    schema: Mapping[str, Any]
    shape: Shape
    entry: Shape
    required: bool
    variant: str

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
        entry = self.schema.get("items", {}) if self.shape is Shape.LIST else self.schema
        return tuple(entry.get("enum", ()))

    @property
    def is_simple(self) -> bool:
        """Whether it is one value, or a list of such: what a prompt can ask for."""
        return self.shape in _SIMPLE


def spec_fields(schema: dict[str, Any]) -> Iterator[SpecField]:
    """Every field of a spec, parents before their children, in the order of the model.

    Args:
        schema: what :func:`~goldenpath.describe.json_schema.json_schema` gives.

    """
    yield from _fields(schema, schema, ())


def _fields(node: dict[str, Any], root: dict[str, Any], location: Location) -> Iterator[SpecField]:
    for variant, shape in _variants(node, root):
        for name, entry in shape.get("properties", {}).items():
            # An extra input's references are relative to the golden path's own schema.
            entry_root = entry if "$id" in entry else root
            yield from _field(
                entry, entry_root, (*location, name), name in shape.get("required", ()), variant
            )


def _variants(node: dict[str, Any], root: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if "properties" in node:
        yield "", node
        return
    for option in node.get("oneOf", ()):
        shape = resolve(option, root)
        yield next(iter(shape["required"])), shape


def _field(
    node: dict[str, Any], root: dict[str, Any], location: Location, required: bool, variant: str
) -> Iterator[SpecField]:
    schema = resolve(node, root)
    shape = entry = _shape(schema, root)
    if shape is Shape.LIST:
        schema = {**schema, "items": resolve(schema.get("items", {}), root)}
        entry = _shape(schema["items"], root)
        shape = Shape.LIST if entry in _SIMPLE else Shape.OBJECTS
    yield SpecField(location, schema, shape, entry, required, variant)
    if shape is Shape.OBJECT:
        yield from _fields(schema, root, location)
    elif shape is Shape.OBJECTS:
        yield from _fields(schema["items"], root, (*location, 0))


def _shape(schema: Mapping[str, Any], root: dict[str, Any]) -> Shape:
    options = [resolve(option, root) for option in schema.get("oneOf", ())]
    if "properties" in schema or (options and all("properties" in option for option in options)):
        return Shape.OBJECT
    kinds = {"object": Shape.MAP, "array": Shape.LIST, **_SCALARS}
    return kinds.get(str(schema.get("type")), Shape.TEXT)
