"""The fields of a request or a fleet as a Markdown table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from goldenpath.describe.markdown import code, table
from goldenpath.describe.schema_fields import FieldShape, SpecField, every_field, request_fields
from goldenpath.errors import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.paths import GoldenPath

__all__ = ["fields_table", "inputs_table"]

_SHOWN_CHOICES: Final = 12
_JSON_TYPES: Final = {"array": "list of text", "boolean": "true or false", "string": "text"}


def inputs_table(path: GoldenPath) -> str:
    """Return a table of every input of a golden path: path in the request or fleet, type, default and meaning.

    Raises:
        DataError: the extra inputs are not a usable JSON Schema.

    """
    return fields_table(field for field in request_fields(path) if path.inputs or field.name != "inputs")


def fields_table(fields: Iterable[SpecField]) -> str:
    """Return a table of fields, with their inner fields."""
    rows = (
        [_place(field), _type(field), _default(field), field.description] for field in every_field(fields)
    )
    return table(["Field", "Type", "Default", "Meaning"], rows)


def _place(field: SpecField) -> str:
    selected = field.variant and field.variant != field.name
    return f"{code(field.path)} (with {code(field.variant)})" if selected else code(field.path)


def _type(field: SpecField) -> str:
    if field.shape is FieldShape.TEXT and "oneOf" in field.schema:
        return ", or ".join(_JSON_TYPES[option["type"]] for option in field.schema["oneOf"])
    if field.shape is FieldShape.LIST:
        return f"list of {_value_type(field, field.entry, field.schema['items'])}"
    if field.shape is FieldShape.MAP:
        keys = ", ".join(code(key) for key in field.schema.get("propertyNames", {}).get("enum", ()))
        values = "" if field.entry in (FieldShape.OBJECT, FieldShape.MAP) else f" of {field.entry}"
        return f"mapping{values}{f', for {keys}' if keys else ''}"
    return _value_type(field, field.shape, field.schema)


def _value_type(field: SpecField, shape: FieldShape, value: Mapping[str, Any]) -> str:
    if "const" in value:
        return code(value["const"])
    if field.choices and len(field.choices) <= _SHOWN_CHOICES:
        return ", ".join(code(choice) for choice in field.choices)
    if "anyOf" in value:
        return f"quantity, such as {code(value['examples'][0])}" if "examples" in value else str(shape)
    if value.get("format") == "date":
        return "date"
    return f"{shape}{_range(value)}" if shape in (FieldShape.INTEGER, FieldShape.NUMBER) else str(shape)


def _range(value: Mapping[str, Any]) -> str:
    least, most = value.get("minimum"), value.get("maximum")
    if least is not None and most is not None:
        return f", {least:,} to {most:,}"
    above = value.get("exclusiveMinimum")
    return f", more than {above:g}" if above is not None else ""


def _default(field: SpecField) -> str:
    if field.required:
        return "required"
    if field.default is MISSING:
        return ""
    return code(field.default if isinstance(field.default, str) else json.dumps(field.default))
