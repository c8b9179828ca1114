"""The module's TypeScript types equal the OpenAPI document."""

from __future__ import annotations

import re
from typing import Any

import pytest

from goldenpath_backstage.app import openapi_document
from goldenpath_backstage.typescript import wire_types

SCHEMAS: dict[str, Any] = openapi_document()["components"]["schemas"]


def _field(schema: dict[str, Any], *, required: bool = True) -> str:
    """The line for a field of this schema."""
    holder = {"type": "object", "properties": {"a": schema}, "required": ["a"] if required else []}
    return wire_types({"X": holder}).split("export interface X {\n", 1)[1].removesuffix("}\n").strip()


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        ({"type": "string", "pattern": "^a$", "maxLength": 3}, "a: string;"),
        ({"type": "integer", "minimum": 1}, "a: number;"),
        ({"type": "boolean", "default": False}, "a: boolean;"),
        ({"const": "log", "type": "string"}, "a: 'log';"),
        ({"enum": ["it's", "b\\", 3, True]}, "a: 'it\\'s' | 'b\\\\' | 3 | true;"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "a: string | null;"),
        ({"type": "array", "items": {"type": "string"}}, "a: string[];"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "a: ('a' | 'b')[];"),
        ({"$ref": "#/components/schemas/Other"}, "a: Other;"),
        ({"type": "object", "additionalProperties": {"$ref": "#/x/Other"}}, "a: Record<string, Other>;"),
        ({"type": "object", "additionalProperties": True}, "a: JsonObject;"),
        ({}, "a: JsonValue;"),
        ({"type": "string", "description": "Ends */ here."}, "/** Ends *\\/ here. */\n  a: string;"),
    ],
    ids=str,
)
def test_a_type_has_the_fields_of_its_schema(schema: dict[str, Any], written: str) -> None:
    assert _field(schema) == written
    assert _field(schema, required=False) == written.replace("a:", "a?:")


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"type": "string"}]},
        {"type": "object", "patternProperties": {"^x-": {}}},
        {"type": "object", "properties": {"b": {"type": "string"}}},
        {"type": ["string", "null"]},
        {"type": "array", "prefixItems": [{"type": "string"}]},
        {"anyOf": [{"not": {}}]},
    ],
    ids=str,
)
def test_an_unknown_construct_is_an_error(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"X\.a"):
        _field(schema)


def test_events_are_distinguished_by_their_type() -> None:
    text = wire_types(SCHEMAS)
    union = text.split("export type RunEvent =", 1)[1].split(";", 1)[0]
    events = re.findall(r"\| (\w+)", union)

    assert len(events) == len(SCHEMAS["RunEvent"]["discriminator"]["mapping"]) >= 6
    for event in events:
        body = text.split(f"export interface {event} {{", 1)[1].split("}\n", 1)[0]
        assert re.match(r"\n  type: '[a-z]+';\n", body), event


def test_a_field_that_may_be_left_out_is_never_null() -> None:
    text = wire_types({name: SCHEMAS[name] for name in ("ProblemDocument", "FieldProblem")})

    assert "instance?: string;" in text
    assert "problems?: FieldProblem[];" in text
    assert "null" not in text
