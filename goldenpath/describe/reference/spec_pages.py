"""Pages on the golden paths, and on their requests and the fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.describe.inputs_table import fields_table, inputs_table
from goldenpath.describe.json_schema import json_schema, resolve
from goldenpath.describe.markdown import code, page, table
from goldenpath.describe.schema_fields import (
    ANY_KEY,
    FieldShape,
    every_field,
    map_values,
    request_fields,
    spec_fields,
)
from goldenpath.kinds import kind_of
from goldenpath.spec.fleet_spec import FLEET_FORMAT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.paths import GoldenPath

__all__ = ["golden_paths_page", "page_file", "schema_file", "spec_page"]

_INTRODUCTION = (
    "In the name of a field, `[]` stands for each entry of a list and `<name>` for each name in a mapping. "
    "*Required* means that the mapping around the field must have it. Unknown fields are refused."
)


def golden_paths_page(paths: Iterable[GoldenPath]) -> str:
    """Return the page on all golden paths, each with its extra inputs."""
    every = tuple(paths)
    overview = table(
        ["Golden path", "Version", "Rendered from", "Lifecycle", "Owner"],
        (
            [
                f"[{code(path.name)}]({page_file(path)})",
                path.version,
                f"a {kind_of(path).model.noun}'s request with `golden_path: {path.major}`"
                if kind_of(path).is_requested
                else "the fleet alone",
                path.metadata.lifecycle,
                code(path.metadata.owner),
            ]
            for path in every
        ),
    )
    blocks = (block for path in every for block in _golden_path(path))
    return page("Golden paths", overview, *blocks)


def _golden_path(path: GoldenPath) -> Iterator[str]:
    yield f"## {path.metadata.title}"
    yield path.metadata.summary
    if path.inputs:
        yield fields_table(field for field in request_fields(path) if field.name == "inputs")


def spec_page(path: GoldenPath) -> str:
    """Return the page on a golden path's request or on the fleet: fields, and rules between fields."""
    schema = json_schema(path)
    is_requested = kind_of(path).is_requested
    what = f"A request for `{path.major}`" if is_requested else "The fleet"
    file = f"[JSON Schema](schemas/{schema_file(path)})"
    rules = "\n".join(f"- {rule}" for rule in _rules(schema))
    return page(
        f"{what}, field by field",
        f"{path.metadata.summary if is_requested else schema['description']} The same as {file}.",
        _INTRODUCTION,
        "## Fields",
        inputs_table(path),
        "## Rules between fields" if rules else "",
        rules,
    )


def page_file(path: GoldenPath) -> str:
    kind = kind_of(path)
    return f"{path.name if kind.is_requested else kind.name}.md"


def schema_file(path: GoldenPath) -> str:
    name = path.major if kind_of(path).is_requested else FLEET_FORMAT
    return f"{name.replace('/', '-')}.json"


def _rules(schema: dict[str, Any]) -> Iterator[str]:
    yield from _comments("", schema)
    for field in every_field(spec_fields(schema)):
        if field.shape is FieldShape.OBJECTS:
            yield from _comments(f"{field.path}[]", field.schema["items"])
        elif field.shape is FieldShape.MAP:
            yield from _comments(f"{field.path}.{ANY_KEY}", resolve(map_values(field.schema), schema))
        for option in (field.schema, *field.schema.get("oneOf", ())):
            yield from _comments(field.path, resolve(option, schema))


def _comments(place: str, node: Mapping[str, Any]) -> Iterator[str]:
    where = f"{code(place)}: " if place else ""
    for rule in node.get("allOf", ()):
        if "$comment" in rule:
            yield where + rule["$comment"]
