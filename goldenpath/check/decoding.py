"""Prepares objects as the API server does before it validates: drops nulls and sets defaults.

The API server decodes Kubernetes' own kinds into Go types, where a null becomes the zero value. It removes nulls from
custom resources and sets the defaults of their schema (``apiextensions-apiserver/pkg/apiserver/schema/defaulting``).
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["Decoder"]

_REFERENCE: Final = "#/$defs/"
_CONDITIONS: Final = frozenset({"allOf", "anyOf", "maxProperties", "not", "oneOf"})
_ZERO: Final[dict[str, Any]] = {
    "string": "",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "object": {},
    "array": [],
}


class Decoder:
    """Decodes objects of one kind.

    Args:
        schema: the schema of the kind, with its definitions.
        is_custom: whether the kind is a custom resource.
    """

    def __init__(self, schema: dict[str, Any], *, is_custom: bool) -> None:
        self._schema = schema
        self._definitions: dict[str, Any] = schema.get("$defs", {})
        self._is_custom = is_custom
        self._defaulted: dict[int, bool] = {}
        self._has_defaults = is_custom and self._has_default(schema)
        self.decides = self._has_defaults and self._has_condition(schema)
        """Whether a default can make a valid object invalid, because a condition of the schema reads it."""

    def decode(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the body as the API server decodes it."""
        if not self._is_custom and "spec" in self._schema.get("required", ()) and body.get("spec") is None:
            body = {**body, "spec": {}}  # so that each missing field is a finding
        decoded: dict[str, Any] = self._without_nulls(body, self._schema)
        return self.fill(decoded)

    def fill(self, body: dict[str, Any]) -> dict[str, Any]:
        """Set the defaults of a custom resource in a body without nulls. Without defaults, return the same object."""
        filled: dict[str, Any] = self._filled(body, self._schema) if self._has_defaults else body
        return filled

    def fill_field(self, name: str, value: Any) -> Any:
        """Set the defaults in one top-level field; see :meth:`fill`."""
        schema = self._schema.get("properties", {}).get(name)
        return self._filled(value, schema) if self._has_defaults and schema is not None else value

    def _filled(self, value: Any, schema: dict[str, Any]) -> Any:
        if not self._has_default(schema):
            return value
        if isinstance(value, list):
            return [self._filled(item, schema["items"]) for item in value] if "items" in schema else value
        if not isinstance(value, dict):
            return value
        fields, others = schema.get("properties", {}), schema.get("additionalProperties")
        result = dict(value)
        for key, below in fields.items():
            if key not in result and "default" in below:
                result[key] = below["default"]
            if key in result:
                result[key] = self._filled(result[key], below)
        if isinstance(others, dict):
            result |= {key: self._filled(item, others) for key, item in value.items() if key not in fields}
        return result

    def _has_condition(self, schema: dict[str, Any]) -> bool:
        """Whether a part of the schema has a condition with a default below it."""
        if not self._has_default(schema):
            return False
        others = schema.get("additionalProperties")
        below = [*schema.get("properties", {}).values(), schema.get("items"), others]
        return bool(_CONDITIONS & schema.keys()) or any(
            isinstance(part, dict) and self._has_condition(part) for part in below
        )

    def _has_default(self, schema: dict[str, Any]) -> bool:
        """Whether any schema below a part has a default."""
        known = self._defaulted.get(id(schema))
        if known is None:
            others = schema.get("additionalProperties")
            below = [*schema.get("properties", {}).values(), schema.get("items"), others]
            known = any(
                isinstance(part, dict) and ("default" in part or self._has_default(part)) for part in below
            )
            self._defaulted[id(schema)] = known
        return known

    def _without_nulls(self, value: Any, schema: dict[str, Any]) -> Any:
        """Remove nulls from a value. Custom resources keep nulls that their schema allows."""
        schema = self._resolved(schema)
        if isinstance(value, list):
            items = schema.get("items", {})
            return [self._item(item, items) for item in value]
        if not isinstance(value, dict):
            return value
        fields, others = schema.get("properties", {}), schema.get("additionalProperties")
        result = {}
        for key, item in value.items():
            below = fields.get(key, others)
            if not isinstance(below, dict):
                if item is not None or self._is_custom or below is False:
                    result[key] = item
            elif item is not None:
                result[key] = self._without_nulls(item, below)
            elif self._is_custom and _is_nullable(below):
                result[key] = None
            elif key not in fields and not self._is_custom:
                result[key] = self._zero(below)
        return result

    def _item(self, value: Any, schema: dict[str, Any]) -> Any:
        """Decode a list item. Go reads a null as the zero value; a custom resource keeps it, and validation refuses it."""
        if value is None and not self._is_custom:
            return self._zero(schema)
        return self._without_nulls(value, schema)

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self._definitions[schema["$ref"].removeprefix(_REFERENCE)]
        return schema

    def _zero(self, schema: dict[str, Any]) -> Any:
        """Return Go's zero value of a type. A quantity, which is a text or a number, is 0."""
        types = self._resolved(schema).get("type", "object")
        names = [types] if isinstance(types, str) else types
        if {"string", "number"} <= {*names}:
            return 0
        zero = _ZERO.get(names[0], {})
        return zero.copy() if isinstance(zero, dict | list) else zero


def _is_nullable(schema: dict[str, Any]) -> bool:
    if "$ref" in schema:
        return False
    types = schema.get("type")
    return types is None or types == "null" or (isinstance(types, list) and "null" in types)
