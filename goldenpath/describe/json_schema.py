"""The JSON Schema of a golden path's source: a request, or the fleet.

The form, ``cookiecutter.json`` and the tables of inputs are generated from this schema.

The schema has every rule that JSON Schema can express, and accepts every document that the parser accepts. Rules that
need arithmetic or the fleet are only in the parser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import GenerateJsonSchema

from goldenpath.accelerators import catalogue
from goldenpath.engines import engine_catalogue
from goldenpath.kinds import kind_of
from goldenpath.names import DOMAIN
from goldenpath.policies import policies
from goldenpath.spec.fleet_spec import FLEET_FORMAT
from goldenpath.spec.hints import CHOICES, PREFIX, ChosenFrom, in_order

if TYPE_CHECKING:
    from goldenpath.paths import GoldenPath

__all__ = ["DIALECT", "json_schema", "resolve"]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_ACCELERATOR: Final = "AcceleratorProfile"


class _WithoutFieldTitles(GenerateJsonSchema):
    """Leaves out the titles that pydantic derives from field names, because they add nothing to the names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False


OWN_PROFILE: Final = "^(nvidia|amd|intel)(-[a-z0-9]+)+(/[a-z0-9.+_-]+)?$"
"""Pattern of the id of an organisation's own accelerator."""


def json_schema(path: GoldenPath) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a request for this golden path, or of the fleet.

    The golden path's extra inputs are under ``properties.inputs``, as a schema resource with its own ``$id``, so that
    references inside them stay valid.

    Raises:
        DataError: the extra inputs are not a usable JSON Schema.

    """
    kind = kind_of(path)
    model = kind.model
    body = _corrected(model.model_json_schema(schema_generator=_WithoutFieldTitles))
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
    _name_choices(schema)
    return {**schema, "$defs": dict(sorted(schema.pop("$defs").items()))}


def _describe_request(schema: dict[str, Any], path: GoldenPath) -> None:
    schema["title"] = path.metadata.title
    schema["description"] = path.metadata.summary
    golden_path = schema["properties"]["golden_path"]
    schema["properties"]["golden_path"] = {
        "const": path.major,
        **_description_and_hints(golden_path),
    }
    inputs = {"$id": f"{path.name}-inputs.json", **_description_and_hints(schema["properties"]["inputs"])}
    schema["properties"]["inputs"] = inputs | path.inputs.schema
    if path.inputs.schema.get("required"):
        schema["required"].append("inputs")


def _description_and_hints(node: dict[str, Any]) -> dict[str, Any]:
    """Return the description and the hints of a field, without its type."""
    return {key: value for key, value in node.items() if key == "description" or key.startswith(PREFIX)}


def _corrected(node: Any) -> Any:
    """Return pydantic's schema with three corrections.

    The limits of a list are `minItems` and `maxItems` instead of those of text. A mapping with patterned keys is closed.
    Defaults that are empty or repeat another model's defaults are left out.
    """
    if isinstance(node, list):
        return [_corrected(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    corrected = {key: _corrected(value) for key, value in node.items()}
    if "allOf" in corrected:
        corrected["allOf"] = corrected.pop("allOf")  # rules come last, after the fields
    if corrected.get("type") == "array":
        for wrong, right in (("minLength", "minItems"), ("maxLength", "maxItems")):
            if wrong in corrected:
                corrected[right] = corrected.pop(wrong)
    if "patternProperties" in corrected:
        corrected["additionalProperties"] = False
        limit = corrected.pop("propertyNames", {}).get("maxLength")
        if limit is not None:
            corrected["propertyNames"] = {"maxLength": limit}
    if "default" in corrected and (
        corrected["default"] in (None, []) or isinstance(corrected["default"], dict)
    ):
        del corrected["default"]
    return corrected


def _name_choices(schema: dict[str, Any]) -> None:
    """Add the names of a catalogue to each field that the parser looks up in the catalogue."""
    definitions = schema["$defs"]
    reference = {"$ref": f"#/$defs/{_ACCELERATOR}"}
    engines = {"type": "string", "enum": list(engine_catalogue().names)}
    # A fleet may have its own models, which the schema cannot list.
    own = {"type": "string", "pattern": OWN_PROFILE, "maxLength": 80}
    choices: dict[str, dict[str, Any]] = {
        ChosenFrom.ACCELERATORS: reference,
        ChosenFrom.KNOWN_ACCELERATORS: {"anyOf": [reference, own]},
        ChosenFrom.ENGINES: engines,
    }
    for node in (schema, *definitions.values()):
        for name, field in node.get("properties", {}).items():
            chosen_from = field.get(CHOICES)
            if chosen_from in choices:
                node["properties"][name] = choices[chosen_from] | _description_and_hints(field)
            elif chosen_from == ChosenFrom.POLICIES:
                # Examples instead of an enum: an exception may name a removed policy, which is a finding.
                field["examples"] = [policy.id for policy in policies()]
    definitions[_ACCELERATOR] = {"type": "string", "enum": list(catalogue().ids)}


def resolve(node: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """Return a node with its local reference followed and ``null`` left out. The node's own keys override the referenced ones."""
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
