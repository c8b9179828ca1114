"""Rules for objects that extend the API: CustomResourceDefinitions, webhooks and admission policies.

Source: ``apiextensions-apiserver/pkg/apis/apiextensions/validation`` and ``pkg/apis/admissionregistration/validation``
of Kubernetes 1.37.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs

from goldenpath.check.api.violation import ApiRuleViolation, Rule, below, unique, unique_names
from goldenpath.check.crd_schemas import structural
from goldenpath.check.formats import is_dns_name
from goldenpath.check.object_bodies import mapping, mappings
from goldenpath.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RULES"]

_PROTECTED: Final = ("k8s.io", "kubernetes.io")
_APPROVED: Final = "api-approved.kubernetes.io"


def _definition(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    spec, metadata = body["spec"], body["metadata"]
    name = f"{spec['names']['plural']}.{spec['group']}"
    if metadata.get("name") != name:
        yield ApiRuleViolation(
            "metadata.name", "name", "the name of a definition is <plural>.<group>", f"Name it {name}."
        )
    if spec["group"].endswith(tuple(f".{suffix}" for suffix in _PROTECTED)) and not metadata.get(
        "annotations", {}
    ).get(_APPROVED):
        yield ApiRuleViolation(
            f"metadata.annotations[{_APPROVED}]",
            "definition",
            "the group belongs to Kubernetes",
            "Use your own group.",
        )


def _versions(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    versions = spec["versions"]
    yield from unique((version["name"] for version in versions), "versions[].name", "version")
    stored = sum(version["storage"] is True for version in versions)
    if stored != 1:
        yield ApiRuleViolation(
            "versions",
            "definition",
            f"{stored} versions have `storage: true`, and exactly one must have it",
            "Set `storage: true` on one version.",
        )
    for index, version in enumerate(versions):
        schema = version.get("schema", {}).get("openAPIV3Schema")
        place = f"versions[{index}].schema.openAPIV3Schema"
        if schema is None:
            yield ApiRuleViolation(place, "definition", "the version has no schema", "Add one.")
        elif schema.get("type") != "object":
            yield ApiRuleViolation(
                f"{place}.type", "definition", "the root of a schema is an object", "Set type: object."
            )
        else:
            yield from below(place, _structure(schema))
    conversion = spec.get("conversion", {})
    if conversion.get("strategy") == "Webhook" and "webhook" not in conversion:
        yield ApiRuleViolation("conversion.webhook", "definition", "the strategy Webhook needs it", "Set it.")
    if conversion.get("strategy") == "None" and "webhook" in conversion:
        yield ApiRuleViolation(
            "conversion.webhook", "definition", "a webhook is only for the strategy Webhook", "Remove it."
        )


_ITEMS: Final = frozenset({"atomic", "map", "set"})


def _structure(schema: dict[str, Any], depth: int = 0) -> Iterator[ApiRuleViolation]:
    """Check the usual faults in a structural schema (``apiextensions/pkg/apiserver/schema``)."""
    is_free = (
        schema.get("x-kubernetes-preserve-unknown-fields") is True
        or schema.get("x-kubernetes-int-or-string") is True
    )
    if depth and not schema.get("type") and not is_free:
        yield ApiRuleViolation("type", "definition", "this part of the schema has no type", "Set it.")
    if schema.get("type") == "array" and "items" not in schema:
        yield ApiRuleViolation(
            "items", "definition", "the list has no schema for its items", "Add the schema."
        )
    if "properties" in schema and "additionalProperties" in schema:
        yield ApiRuleViolation(
            "additionalProperties",
            "definition",
            "an object has `properties` or `additionalProperties`, not both",
            "Keep one of the two.",
        )
    if str(schema.get("x-kubernetes-list-type", "atomic")) not in _ITEMS:
        yield ApiRuleViolation(
            "x-kubernetes-list-type",
            "definition",
            f"{shown(schema['x-kubernetes-list-type'])} is not a list type",
            "Use atomic, set or map.",
        )
    if schema.get("x-kubernetes-list-type") == "map" and not schema.get("x-kubernetes-list-map-keys"):
        yield ApiRuleViolation(
            "x-kubernetes-list-map-keys",
            "definition",
            "a list of type map needs keys",
            "Name the fields of the key.",
        )
    yield from _type_and_keys(schema)
    yield from _default(schema)
    parts: list[tuple[str, Any]] = [
        (f"properties[{name}]", part) for name, part in mapping(schema, "properties").items()
    ]
    parts += [
        (name, schema[name])
        for name in ("items", "additionalProperties")
        if isinstance(schema.get(name), dict)
    ]
    for place, part in parts:
        if depth == 0 and place in {"properties[metadata]", "properties[apiVersion]", "properties[kind]"}:
            continue
        if isinstance(part, dict):
            yield from below(place, _structure(part, depth + 1))


_TYPES: Final = frozenset({"array", "boolean", "integer", "number", "object", "string"})


def _type_and_keys(schema: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    kind, items = schema.get("type", "object"), schema.get("items", {})
    if not isinstance(kind, str) or (kind and kind not in _TYPES):
        yield ApiRuleViolation(
            "type", "definition", f"{shown(kind)} is not a type", f"Use one of: {', '.join(sorted(_TYPES))}."
        )
    if not isinstance(items, dict):
        yield ApiRuleViolation("items", "definition", "the items have no schema", "Add the schema.")
    keys = schema.get("x-kubernetes-list-map-keys", ())
    if keys and schema.get("x-kubernetes-list-type") != "map":
        message = "keys are only for a list of type map"
        yield ApiRuleViolation(
            "x-kubernetes-list-type", "definition", message, "Set x-kubernetes-list-type: map."
        )
    fields, required = mapping(items, "properties"), mapping(items).get("required") or ()
    for index, key in enumerate(keys):
        field = fields.get(key) if isinstance(key, str) else None
        if key in keys[:index] or not isinstance(field, dict) or not (key in required or "default" in field):
            place = f"x-kubernetes-list-map-keys[{index}]"
            message = f"{shown(key)} is not a required field of the items, or appears twice"
            yield ApiRuleViolation(
                place, "definition", message, "Name required fields of the items, each once."
            )


def _default(schema: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    """Check that a default which is a single value matches its own schema."""
    value = schema.get("default")
    if value is None or isinstance(value, dict | list):
        return
    try:
        fits = jsonschema_rs.is_valid(structural(schema), value)
    except (ValueError, TypeError, LookupError, AttributeError):
        return  # the schema itself is wrong, and another rule reports it
    if not fits:
        message = f"the default {shown(value)} does not match its schema"
        yield ApiRuleViolation("default", "definition", message, "Change the default, or the schema.")


def _webhooks(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    return unique_names(body.get("webhooks", ()), "webhooks", "webhook")


def _client(config: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    url = config.get("url", "")
    if "url" in config and not url.lower().startswith("https://"):
        yield ApiRuleViolation("url", "webhook", f"{shown(url)} is not an https URL", "Write https://….")
    path = config.get("service", {}).get("path", "")
    if not path or path == "/":
        return
    if not path.startswith("/"):
        yield ApiRuleViolation(
            "service.path", "webhook", f"{shown(path)} is not an absolute path", "Begin it with '/'."
        )
    elif not all(is_dns_name(part) for part in path.removeprefix("/").split("/")):
        yield ApiRuleViolation(
            "service.path",
            "webhook",
            f"the segments of {shown(path)} are not DNS names",
            "Use a-z, 0-9, '-' and '.'.",
        )


def _operations(rule: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for field in ("apiGroups", "apiVersions", "operations"):
        values = rule.get(field, ())
        if "*" in values and len(values) > 1:
            yield ApiRuleViolation(field, "webhook", "'*' already includes all values", "Keep only '*'.")


def _actions(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if {"Deny", "Warn"} <= {*spec.get("validationActions", ())}:
        yield ApiRuleViolation(
            "validationActions", "policy", "Deny and Warn exclude each other", "Keep one of the two."
        )


_TEXT_OR_VARIABLE: Final = re.compile(
    r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(?<![\w.])variables\.(?P<name>\w+)"""
)
_TEXT_OR_ROOT: Final = re.compile(
    r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[.\w]*\d[\w.]*|(?<![\w.])(?P<name>[A-Za-z_]\w*)"""
)
_WORDS: Final = frozenset(
    {"bool", "bytes", "double", "dyn", "false", "in", "int", "list", "map", "null", "null_type", "string", "true", "type", "uint"}
)  # fmt: skip
_OF_POLICY: Final = frozenset(
    {"authorizer", "namespaceObject", "object", "oldObject", "params", "request", "variables"}
)
_CALLS: Final = re.compile(r"[({?]")


def undeclared(expression: Any, known: frozenset[str]) -> str | None:
    """Return the first undeclared name in a CEL expression, or None. Expressions with a call are skipped."""
    if not isinstance(expression, str) or _CALLS.search(expression):
        return None
    roots = (found["name"] for found in _TEXT_OR_ROOT.finditer(expression))
    return next((root for root in roots if root and root not in known | _WORDS), None)


def _expressions(spec: dict[str, Any]) -> Iterator[tuple[str, Any, frozenset[str]]]:
    """Yield the place of each expression, the expression, and the names of its variables."""
    names: list[str] = []
    for index, variable in enumerate(mappings(spec, "variables")):
        yield f"variables[{index}].expression", variable.get("expression"), frozenset(names)
        names.append(str(variable.get("name")))
    for index, validation in enumerate(mappings(spec, "validations")):
        for field in ("expression", "messageExpression"):
            yield f"validations[{index}].{field}", validation.get(field), frozenset(names)
    for index, annotation in enumerate(mappings(spec, "auditAnnotations")):
        yield (
            f"auditAnnotations[{index}].valueExpression",
            annotation.get("valueExpression"),
            frozenset(names),
        )


def _names_in_expressions(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    fix = "Declare it, or correct the name."
    for place, expression, variables in _expressions(spec):
        if not isinstance(expression, str):
            continue
        used = (found["name"] for found in _TEXT_OR_VARIABLE.finditer(expression))
        missing = next((name for name in used if name and name not in variables), None)
        if missing is not None:
            yield ApiRuleViolation(
                place, "policy", f"no variable {missing} is declared before this expression", fix
            )
        elif (name := undeclared(expression, _OF_POLICY)) is not None:
            yield ApiRuleViolation(place, "policy", f"nothing declares {shown(name)}", fix)
    for index, condition in enumerate(mappings(spec, "matchConditions")):
        if (name := undeclared(condition.get("expression"), _OF_POLICY)) is not None:
            yield ApiRuleViolation(
                f"matchConditions[{index}].expression", "policy", f"nothing declares {shown(name)}", fix
            )


def _match_constraints(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    constraints = spec.get("matchConstraints", {})
    if not constraints.get("resourceRules"):
        yield ApiRuleViolation(
            "matchConstraints.resourceRules",
            "policy",
            "the policy matches no resource",
            "Name the resources.",
        )


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "admissionregistration.v1.MutatingWebhookConfiguration": (_webhooks,),
    "admissionregistration.v1.NamedRuleWithOperations": (_operations,),
    "admissionregistration.v1.RuleWithOperations": (_operations,),
    "admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec": (_actions,),
    "admissionregistration.v1.ValidatingAdmissionPolicySpec": (_match_constraints, _names_in_expressions),
    "admissionregistration.v1.ValidatingWebhookConfiguration": (_webhooks,),
    "admissionregistration.v1.WebhookClientConfig": (_client,),
    "apiextensions.v1.CustomResourceDefinition": (_definition,),
    "apiextensions.v1.CustomResourceDefinitionSpec": (_versions,),
}
