"""Derives strict JSON Schemas from CustomResourceDefinitions: names, types, limits, defaults and rules, and no prose.

Strict means that unknown fields are refused, where the API server drops them without a word. Pure. What ships was made
by this (``tools/derive_schemas.py``), and so is what ``goldenpath schemas import`` takes from a cluster. Keywords that
JSON Schema does not know stay as they are, for :mod:`goldenpath.check.structure`: the keys of lists, and rules in CEL.
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
    "custom_schema",
    "derive",
    "of_format",
    "pretty",
    "root",
    "short_name",
    "structural",
]

CORE_FILE: Final = "kubernetes.json"
"""The file with the definitions of the core kinds, which every other refers to for ``metadata``."""

INDEX_FILE: Final = "index.json"
"""The file that names the file of each kind, and its source."""

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
"""Required fields that may be left out, by group and kind: the controller's webhook fills them in before the API server
compares with the schema (JobSet v0.12, pkg/webhooks/jobset_webhook.go, ``Default``)."""
LINE: Final = 110
_OF_CORE: Final = re.compile(
    r"^io\.k8s\.(api|apimachinery\.pkg\.apis?|apimachinery\.pkg|apiextensions-apiserver\.pkg\.apis)\."
)


def derive(definitions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The files for every served version of some CustomResourceDefinitions, by name, with their index.

    Args:
        definitions: objects of kind CustomResourceDefinition, ``apiextensions.k8s.io/v1``.

    Raises:
        DataError: something is no such object.

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
                "what is to be imported is no CustomResourceDefinition of apiextensions.k8s.io/v1"
            ) from None
        for version in served:
            api = f"{group}/{version}"
            file = f"{name}.{version}.json"
            files[file] = _that_compiles(custom_schema(definition, api, kind))
            kinds[f"{api}/{kind}"] = {"source": name, "file": file}
        if served:
            sources[name] = _source(definition)
    return {
        **files,
        INDEX_FILE: {"sources": dict(sorted(sources.items())), "kinds": dict(sorted(kinds.items()))},
    }


def _source(definition: Mapping[str, Any]) -> dict[str, str]:
    """What a definition says of where it comes from."""
    metadata = definition["metadata"]
    labels = metadata.get("labels") or {}
    shown = {
        "part_of": labels.get("app.kubernetes.io/part-of") or labels.get("app.kubernetes.io/name"),
        "version": labels.get("app.kubernetes.io/version"),
    }
    return {key: str(value) for key, value in shown.items() if value}


def _that_compiles(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without patterns that only Go can read: to check the rest is better than to check nothing."""
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


def root(schema: dict[str, Any], api: str, kind: str, metadata: str) -> dict[str, Any]:
    """What every object has; status is the controllers' business and stays open."""
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
    """One version of a CustomResourceDefinition.

    Raises:
        DataError: it is not served.

    """
    version = api.rpartition("/")[2]
    for served in crd["spec"]["versions"]:
        if served["name"] == version and served["served"]:
            schema = structural(served["schema"]["openAPIV3Schema"])
            for path in _FILLED_BY_WEBHOOKS.get((api.rpartition("/")[0], kind), ()):
                _make_optional(schema, path)
            return root(schema, api, kind, f"{CORE_FILE}#/$defs/{short_name(OBJECT_META)}")
    raise DataError(f"the CRD of {kind} does not serve {api}")


def _make_optional(schema: dict[str, Any], path: Sequence[str]) -> None:
    """Take a field off the list of required ones; lists on the way stand for their items."""
    *parents, field = path
    for name in parents:
        schema = schema.get("properties", {}).get(name, {})
        schema = schema.get("items", schema)
    if "required" in schema:
        schema["required"] = [name for name in schema["required"] if name != field]


def structural(schema: dict[str, Any]) -> dict[str, Any]:
    """A structural OpenAPI schema as a strict JSON Schema.

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
    """What is beyond JSON Schema: keys of a list, defaults that are filled in, rules in CEL."""
    result: dict[str, Any] = {}
    if schema.get("x-kubernetes-list-type") == "map" and schema.get(LIST_KEYS):
        result[LIST_KEYS] = schema[LIST_KEYS]
    if "default" in schema:
        result["default"] = schema["default"]
    if rules := [_rule(rule) for rule in schema.get(CEL_RULES) or [] if "rule" in rule]:
        result[CEL_RULES] = rules
    return result


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """What is needed of a rule to judge a new object by it."""
    return {
        key: rule[key]
        for key in ("rule", "message", "messageExpression", "fieldPath", "optionalOldSelf")
        if key in rule
    }


def of_format(name: str) -> dict[str, Any]:
    """The keywords for a format of Kubernetes; none for a format that the API server does not enforce or that we cannot judge."""
    if name in INTEGERS:
        low, high = INTEGERS[name]
        return {"minimum": low, "maximum": high}
    return {"format": name} if name in supported() else {}


def _limits(schema: dict[str, Any]) -> dict[str, Any]:
    limits: dict[str, Any] = {
        **of_format(schema.get("format", "")),
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
    """Fields by name, and whether there may be others."""
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
    """What anyOf and the like say; they only ever narrow what the structure allows, so they stay open."""
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


def pretty(value: Any, indent: int = 0) -> str:
    """JSON that fits on a line stays on one; small to ship and readable as a diff."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or len(flat) + indent < LINE:
        return flat
    pad = " " * (indent + 1)
    if isinstance(value, list):
        items = [pad + pretty(item, indent + 1) for item in value]
        return "[\n" + ",\n".join(items) + "\n" + " " * indent + "]"
    items = [f"{pad}{json.dumps(key)}: {pretty(item, indent + 1)}" for key, item in value.items()]
    return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"
