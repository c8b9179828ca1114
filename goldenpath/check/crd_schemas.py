"""Derives strict JSON Schemas from CustomResourceDefinitions: names, types, limits, defaults and rules, without prose.

A strict schema refuses unknown fields, which the API server drops silently. This module is pure. It derives the shipped
schemas (``tools/derive_schemas.py``) and those of ``goldenpath schemas import``. Keywords that JSON Schema does not know
(the keys of lists, CEL rules) stay in the schema for :mod:`goldenpath.check.structure`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs

from goldenpath.check.formats import INTEGERS, supported
from goldenpath.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "CEL_RULES",
    "CORE_FILE",
    "INDEX_FILE",
    "LIMITS",
    "LIST_KEYS",
    "OBJECT_META",
    "compact_json",
    "custom_schema",
    "derive",
    "format_keywords",
    "object_schema",
    "short_name",
    "structural",
]

CORE_FILE: Final = "kubernetes.json"
"""The file with the definitions of the core kinds. Every other file refers to it for ``metadata``."""

INDEX_FILE: Final = "index.json"
"""The file that lists the file and the source of each kind."""

OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

LIMITS: Final[tuple[str, ...]] = (
    "enum", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength",
    "minItems", "maxItems", "minProperties", "maxProperties", "multipleOf", "uniqueItems",
)  # fmt: skip
LIST_KEYS: Final = "x-kubernetes-list-map-keys"
CEL_RULES: Final = "x-kubernetes-validations"
_FILLED_BY_WEBHOOKS: Final[Mapping[tuple[str, str], tuple[tuple[str, ...], ...]]] = {
    ("jobset.x-k8s.io", "JobSet"): (("spec", "failurePolicy", "rules", "name"),),
}
"""Required fields that a manifest may omit, by group and kind. The controller's webhook fills them before the API server
validates the schema (JobSet v0.12, pkg/webhooks/jobset_webhook.go, ``Default``)."""
LINE: Final = 110
_OF_CORE: Final = re.compile(
    r"^io\.k8s\.(api|apimachinery\.pkg\.apis?|apimachinery\.pkg|apiextensions-apiserver\.pkg\.apis)\."
)


def derive(definitions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the schema files of every served version, by file name, with their index.

    Args:
        definitions: objects of kind CustomResourceDefinition, ``apiextensions.k8s.io/v1``.

    Raises:
        DataError: an object is not a CustomResourceDefinition of this version.
    """
    files: dict[str, Any] = {}
    sources: dict[str, Any] = {}
    kinds: dict[str, Any] = {}
    for definition in definitions:
        try:
            name = str(definition["metadata"]["name"])
            group, kind = definition["spec"]["group"], definition["spec"]["names"]["kind"]
            served = [version["name"] for version in definition["spec"]["versions"] if version["served"]]
        except (KeyError, TypeError):
            raise DataError(
                "an object to import is not a CustomResourceDefinition of apiextensions.k8s.io/v1"
            ) from None
        for version in served:
            api = f"{group}/{version}"
            file = f"{name}.{version}.json"
            files[file] = _without_go_patterns(custom_schema(definition, api, kind))
            kinds[f"{api}/{kind}"] = {"source": name, "file": file}
        if served:
            sources[name] = _source(definition)
    return {
        **files,
        INDEX_FILE: {"sources": dict(sorted(sources.items())), "kinds": dict(sorted(kinds.items()))},
    }


def _source(definition: Mapping[str, Any]) -> dict[str, str]:
    """Return the product and version that the labels of a definition name."""
    metadata = definition["metadata"]
    labels = metadata.get("labels") or {}
    shown = {
        "part_of": labels.get("app.kubernetes.io/part-of") or labels.get("app.kubernetes.io/name"),
        "version": labels.get("app.kubernetes.io/version"),
    }
    return {key: str(value) for key, value in shown.items() if value}


def _without_go_patterns(schema: dict[str, Any]) -> dict[str, Any]:
    """Remove the patterns that only Go's regular expressions can read, so that the remaining schema compiles."""
    for holder in _patterns(schema):
        try:
            jsonschema_rs.Draft202012Validator(
                {"pattern": holder["pattern"]}, pattern_options=jsonschema_rs.RegexOptions(), offline=True
            )
        except ValueError:
            del holder["pattern"]
    return schema


def _patterns(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for item in schema:
            yield from _patterns(item)


def object_schema(schema: dict[str, Any], api: str, kind: str, metadata: str) -> dict[str, Any]:
    """Add the fields of every object to a schema. ``status`` may be any object, because controllers write it."""
    properties = {
        **schema.get("properties", {}),
        "apiVersion": {"const": api},
        "kind": {"const": kind},
        "metadata": {"$ref": metadata},
    }
    if "status" in properties:
        properties["status"] = {"type": ["object", "null"]}
    required = sorted({*schema.get("required", []), "apiVersion", "kind", "metadata"})
    return {**schema, "type": "object", "properties": dict(sorted(properties.items())), "required": required}


def short_name(name: str) -> str:
    """``io.k8s.api.core.v1.Pod`` -> ``core.v1.Pod``."""
    return _OF_CORE.sub("", name)


def custom_schema(crd: Mapping[str, Any], api: str, kind: str) -> dict[str, Any]:
    """Return the strict schema of one version of a CustomResourceDefinition.

    Raises:
        DataError: the version is not served.
    """
    version = api.rpartition("/")[2]
    for served in crd["spec"]["versions"]:
        if served["name"] == version and served["served"]:
            schema = structural(served["schema"]["openAPIV3Schema"])
            for path in _FILLED_BY_WEBHOOKS.get((api.rpartition("/")[0], kind), ()):
                _make_optional(schema, path)
            return object_schema(schema, api, kind, f"{CORE_FILE}#/$defs/{short_name(OBJECT_META)}")
    raise DataError(f"the CRD of {kind} does not serve {api}")


def _make_optional(schema: dict[str, Any], path: Sequence[str]) -> None:
    """Remove a field from the required fields. A list in the path stands for its items."""
    *parents, field = path
    for name in parents:
        schema = schema.get("properties", {}).get(name, {})
        schema = schema.get("items", schema)
    if "required" in schema:
        schema["required"] = [name for name in schema["required"] if name != field]


def structural(schema: dict[str, Any]) -> dict[str, Any]:
    """Convert a structural OpenAPI schema to a strict JSON Schema.

    https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
    """
    result: dict[str, Any] = {}
    if schema.get("x-kubernetes-int-or-string"):
        result["type"] = ["integer", "string"]
    elif "type" in schema:
        result["type"] = schema["type"]
    result.update(_limits(schema))
    if schema.get("x-kubernetes-list-type") == "set":
        result["uniqueItems"] = True
    result.update(_beyond(schema))
    if "items" in schema:
        result["items"] = structural(schema["items"])
    result.update(_fields(schema))
    if not schema.get("x-kubernetes-int-or-string"):
        result.update(_conditions(schema))
    if schema.get("nullable") and "type" in result:
        result["type"] = (
            [result["type"], "null"] if isinstance(result["type"], str) else [*result["type"], "null"]
        )
        if "enum" in result:
            result["enum"] = [*result["enum"], None]
    return result


def _beyond(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords that JSON Schema does not apply: keys of a list, defaults, CEL rules."""
    result: dict[str, Any] = {}
    if schema.get("x-kubernetes-list-type") == "map" and schema.get(LIST_KEYS):
        result[LIST_KEYS] = schema[LIST_KEYS]
    if "default" in schema:
        result["default"] = schema["default"]
    if rules := [_rule(rule) for rule in schema.get(CEL_RULES) or [] if "rule" in rule]:
        result[CEL_RULES] = rules
    return result


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: rule[key]
        for key in ("rule", "message", "messageExpression", "fieldPath", "optionalOldSelf")
        if key in rule
    }


def format_keywords(name: str) -> dict[str, Any]:
    """Return the keywords for a Kubernetes format; empty if the API server does not enforce it or it cannot be judged here."""
    if name in INTEGERS:
        low, high = INTEGERS[name]
        return {"minimum": low, "maximum": high}
    return {"format": name} if name in supported() else {}


def _limits(schema: dict[str, Any]) -> dict[str, Any]:
    limits: dict[str, Any] = {
        **format_keywords(schema.get("format", "")),
        **{key: schema[key] for key in LIMITS if key in schema},
    }
    for bound in ("minimum", "maximum"):  # OpenAPI 3.0 has a flag where JSON Schema has a number
        exclusive = f"exclusive{bound.capitalize()}"
        if limits.get(exclusive) is True:
            limits[exclusive] = limits.pop(bound)
        elif limits.get(exclusive) is False:
            del limits[exclusive]
    return limits


def _fields(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords about fields: known fields, required fields, and whether others are allowed."""
    result: dict[str, Any] = {}
    properties = schema.get("properties", {})
    embedded = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    if schema.get("x-kubernetes-embedded-resource"):
        properties = {**embedded, **properties}
    if properties:
        result["properties"] = {name: structural(item) for name, item in sorted(properties.items())}
    if schema.get("required"):
        result["required"] = schema["required"]
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        result["additionalProperties"] = structural(others)
    elif (
        schema.get("type") == "object"
        and not others
        and not schema.get("x-kubernetes-preserve-unknown-fields")
    ):
        result["additionalProperties"] = False
    return result


def _conditions(schema: dict[str, Any]) -> dict[str, Any]:
    """Return ``anyOf``, ``oneOf``, ``allOf`` and ``not``. They only narrow the structure, so they allow other fields."""
    result: dict[str, Any] = {}
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            result[key] = [_condition(item) for item in schema[key]]
    if "not" in schema:
        result["not"] = _condition(schema["not"])
    return result


def _condition(schema: dict[str, Any]) -> dict[str, Any]:
    result = {**_limits(schema), **_conditions(schema)}
    for key in ("type", "required"):
        if key in schema:
            result[key] = schema[key]
    if "properties" in schema:
        result["properties"] = {name: _condition(item) for name, item in sorted(schema["properties"].items())}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            result[key] = _condition(schema[key])
    return result


def compact_json(value: Any, indent: int = 0) -> str:
    """Write JSON in short form: a value that fits on a line stays on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or len(flat) + indent < LINE:
        return flat
    pad = " " * (indent + 1)
    if isinstance(value, list):
        items = [pad + compact_json(item, indent + 1) for item in value]
        return "[\n" + ",\n".join(items) + "\n" + " " * indent + "]"
    items = [f"{pad}{json.dumps(key)}: {compact_json(item, indent + 1)}" for key, item in value.items()]
    return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"
