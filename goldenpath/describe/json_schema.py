"""The JSON Schema of what a golden path is rendered from: a request, or the fleet.

Everything else that describes a spec (form, ``cookiecutter.json``, tables of inputs) is read off this schema.

It says all that JSON Schema can say, and never refuses what the parser accepts. Rules that need arithmetic or
the fleet are the parser's alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import GenerateJsonSchema

from goldenpath.accelerators import catalogue
from goldenpath.describe.cross_field import RULES
from goldenpath.engines import engine_catalogue
from goldenpath.kinds import kind_of
from goldenpath.names import DOMAIN
from goldenpath.policies import policies
from goldenpath.spec.fleet_spec import FLEET_FORMAT
from goldenpath.spec.hints import STEP, in_order
from goldenpath.spec.rules import UNIQUE_LISTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.paths import GoldenPath
    from goldenpath.spec.parsed_fields import Location

__all__ = ["DIALECT", "json_schema", "resolve"]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_ACCELERATOR: Final = "AcceleratorProfile"


class _WithoutFieldTitles(GenerateJsonSchema):
    """A field's name says as much as the title that pydantic would make of it."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False


OWN_PROFILE: Final = "^(nvidia|amd|intel)(-[a-z0-9]+)+(/[a-z0-9.+_-]+)?$"
"""What the id of an organisation's own accelerator looks like."""


def json_schema(path: GoldenPath) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a request for this golden path, or of the fleet where it is rendered from that.

    The golden path's extra inputs stand under ``properties.inputs``, as a schema resource of their own, so that
    references inside them still mean what they meant.

    Raises:
        DataError: the extra inputs are no usable JSON Schema.

    """
    kind = kind_of(path)
    model = kind.model
    body = _tidied(model.model_json_schema(schema_generator=_WithoutFieldTitles))
    name = path.major if kind.is_requested else FLEET_FORMAT
    schema = {
        "$schema": DIALECT,
        "$id": f"https://{DOMAIN}/schemas/{name}.json",
        "title": model.__name__.removesuffix("Spec"),
        "description": body.pop("description"),
        **body,
    }
    if kind.is_requested:
        _describe_request(schema, path)
    schema["properties"] = in_order(schema["properties"])
    _name_choices(schema["$defs"])
    _state_rules(schema, model.__name__)
    return {**schema, "$defs": dict(sorted(schema.pop("$defs").items()))}


def _describe_request(schema: dict[str, Any], path: GoldenPath) -> None:
    schema["title"] = path.metadata.title
    schema["description"] = path.metadata.summary
    golden_path = schema["properties"]["golden_path"]
    schema["properties"]["golden_path"] = {
        "const": path.major,
        "description": golden_path["description"],
        STEP: golden_path[STEP],
    }
    inputs = {"$id": f"{path.name}-inputs.json", "description": schema["properties"]["inputs"]["description"]}
    schema["properties"]["inputs"] = inputs | path.inputs.schema
    if path.inputs.schema.get("required"):
        schema["required"].append("inputs")
    for location in (*UNIQUE_LISTS, ("gpus", 0, "clusters")):
        if location[0] in schema["properties"]:
            _at(schema, location)["uniqueItems"] = True


def _tidied(node: Any) -> Any:
    """Pydantic's schema without its noise, and with what it leaves unsaid.

    A list that is read into a tuple gets the limits of a text; a mapping with patterned keys stays open; and
    defaults that say "nothing" or repeat another model's are left out.
    """
    if isinstance(node, list):
        return [_tidied(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    tidy = {key: _tidied(value) for key, value in node.items()}
    if tidy.get("type") == "array":
        for wrong, right in (("minLength", "minItems"), ("maxLength", "maxItems")):
            if wrong in tidy:
                tidy[right] = tidy.pop(wrong)
    if "patternProperties" in tidy:
        tidy["additionalProperties"] = False
        limit = tidy.pop("propertyNames", {}).get("maxLength")
        if limit is not None:
            tidy["propertyNames"] = {"maxLength": limit}
    if "default" in tidy and (tidy["default"] in (None, []) or isinstance(tidy["default"], dict)):
        del tidy["default"]
    return tidy


def _name_choices(definitions: dict[str, Any]) -> None:
    """Where the parser looks a name up in a catalogue: the names that are in it."""
    definitions[_ACCELERATOR] = {"type": "string", "enum": list(catalogue().ids)}
    for model, field, choice in (
        ("Gpu", "profile", {"$ref": f"#/$defs/{_ACCELERATOR}"}),
        ("AcceleratorPool", "profile", {"$ref": f"#/$defs/{_ACCELERATOR}"}),
        ("Engine", "name", {"type": "string", "enum": list(engine_catalogue().names)}),
    ):
        if model in definitions:
            properties = definitions[model]["properties"]
            properties[field] = {**choice, "description": properties[field]["description"]}
    if "AcceleratorModels" in definitions:
        # A fleet may have models of its own, which no schema knows.
        profile = definitions["AcceleratorPool"]["properties"]["profile"]
        reference = profile.pop("$ref")
        profile["anyOf"] = [{"$ref": reference}, {"type": "string", "pattern": OWN_PROFILE, "maxLength": 80}]
    if "PolicyException" in definitions:
        # No enum: an exception may outlive its policy, and that is a finding.
        definitions["PolicyException"]["properties"]["policy"]["examples"] = [
            policy.id for policy in policies()
        ]


def _state_rules(schema: dict[str, Any], root: str) -> None:
    for name, rules in RULES.items():
        node = schema if name == root else schema["$defs"].get(name)
        if node is not None:
            node["allOf"] = [rule() for rule in rules]


def resolve(node: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """A node with its local reference followed and ``null`` left out; its own words win over the referenced ones."""
    if "$ref" in node:
        target: Any = root
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        own = {key: value for key, value in node.items() if key != "$ref"}
        return resolve({**target, **own}, root)
    rest = [option for option in node.get("anyOf", ()) if option.get("type") != "null"]
    if len(rest) == 1:
        own = {key: value for key, value in node.items() if key != "anyOf"}
        return {**resolve(rest[0], root), **own}
    return node


def _at(schema: dict[str, Any], location: Location) -> dict[str, Any]:
    """The node that describes what stands at a location; to be changed in place."""
    node = schema
    for step in location:
        node = _in_place(node, schema)
        node = node["items"] if isinstance(step, int) else node["properties"][step]
    return _in_place(node, schema)


def _in_place(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    for option in _options(node):
        if "$ref" in option:
            definition: dict[str, Any] = schema["$defs"][option["$ref"].rsplit("/", 1)[1]]
            return definition
        if option.get("type") != "null":
            return option
    return node


def _options(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from node.get("anyOf") or node.get("oneOf") or [node]
