"""Checks objects against the strict schema of their kind: unknown fields, wrong types, missing and invalid values.

The API server drops an unknown field silently, so a misspelled field of a quota or a policy would show too late.
Package ``api`` holds the rules of the API server that no schema states. They run on objects that match their schema.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.formats import format_named
from goldenpath.check.guarding import guarded
from goldenpath.check.schema_store import schema_for, shipped
from goldenpath.errors import shown
from goldenpath.findings import Finding, Severity
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import jsonschema_rs

    from goldenpath.check.schema_store import Schemas
    from goldenpath.check.structure import Found
    from goldenpath.manifests import ManifestObject

__all__ = ["check_schema", "field_path", "schema_for"]

_SIZES: Final = {
    "minLength": "is shorter than allowed",
    "maxLength": "is longer than allowed",
    "minItems": "has fewer items than allowed",
    "maxItems": "has more items than allowed",
    "minProperties": "has fewer entries than allowed",
    "maxProperties": "has more entries than allowed",
    "uniqueItems": "has an item twice",
}
_RANGES: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_MOST_FIELDS_NAMED: Final = 12
_SIMPLE_KEY: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*", re.ASCII)
_QUANTITY_MARK: Final = "[numkMGTPE]"  # only the pattern of a resource quantity contains this


def check_schema(objects: Iterable[ManifestObject], schemas: Schemas | None = None) -> Iterator[Finding]:
    """Check each object against its schema and against the API server's rules beyond the schema.

    The default for ``schemas`` is the shipped schemas. A kind without a schema is a warning, because its objects stay
    unchecked.
    """
    known = schemas or shipped()
    for item in objects:
        yield from guarded(_checked(item, known), item, item.file)


def _checked(item: ManifestObject, known: Schemas) -> Iterator[Finding]:
    judge = known.judge_for(item.api_version, item.kind)
    if judge is None:
        yield _unknown_kind(item, known)
        return
    given = judge.decoder.fill(item.body) if judge.decoder.decides else item.body
    if judge.validator.is_valid(given):  # the usual case: a valid object has no null to decode
        troubles, is_refused = judge.structure.judge(given), False
    else:
        body = judge.decoder.decode(item.body)
        errors = list(judge.validator.iter_errors(body))
        for error in errors:
            yield from _findings(item, error, known)
        is_refused = bool(errors)
        has_metadata = isinstance(body.get("metadata"), dict)
        troubles = (
            (judge.structure.judge_in_part(body) if errors else judge.structure.judge(body))
            if has_metadata
            else []
        )
    is_refused = is_refused or any(trouble.refused for trouble in troubles)
    for trouble in troubles:
        # A refusal by apply alone adds nothing where the object is refused anyway.
        if trouble.refused or not is_refused:
            yield _broken(item, trouble)


def _broken(item: ManifestObject, trouble: Found) -> Finding:
    violation, path = trouble.violation, field_path(trouble.path)
    joint = "." if path and violation.field and not violation.field.startswith("[") else ""
    return Finding(
        file=item.file,
        object=str(item),
        field=f"{path}{joint}{violation.field}",
        rule=f"api/{violation.rule}",
        severity=Severity.ERROR if trouble.refused else Severity.WARNING,
        message=violation.message,
        fix=violation.fix,
    )


def field_path(parts: Iterable[str | int]) -> str:
    """Write a path as in ``spec.containers[0].image`` or ``metadata.labels[app.kubernetes.io/name]``."""
    path = ""
    for part in parts:
        if isinstance(part, int) or not _SIMPLE_KEY.fullmatch(part):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path


def _unknown_kind(item: ManifestObject, known: Schemas) -> Finding:
    versions = [name.rpartition("/")[0] for name in known.kinds() if name.rpartition("/")[2] == item.kind]
    fix = "Check the object against the cluster (kubectl apply --dry-run=server)."
    if versions:
        fix = f"Use apiVersion {versions[0]}, or check the object against the cluster (kubectl apply --dry-run=server)."
    return Finding(
        file=item.file,
        object=str(item),
        field="",
        rule="schema/unknown-kind",
        severity=Severity.WARNING,
        message=f"no schema is known for {item.api_version} {item.kind}, so its fields are not checked",
        fix=fix,
    )


def _findings(
    item: ManifestObject, error: jsonschema_rs.ValidationError, known: Schemas
) -> Iterator[Finding]:
    kind: Any = error.kind
    path = list(error.instance_path)
    if kind.name == "additionalProperties":
        allowed = sorted(_properties(known.schema_for(item.api_version, item.kind), error.schema_path))
        for name in kind.unexpected:
            yield _unknown_field(item, [*path, name], allowed)
        return
    if kind.name == "required":
        yield _finding(item, [*path, kind.property], "required", "is missing", "Set it.")
        return
    value = (
        ""
        if item.kind == "Secret" or isinstance(error.instance, dict | list)
        else f" {shown(error.instance)}"
    )
    yield _finding(item, path, *_value_error(kind, value))


def _unknown_field(item: ManifestObject, path: list[str | int], allowed: list[str]) -> Finding:
    name = str(path[-1])
    close = nearest(name, allowed)
    if close is not None:
        fix = f"Did you mean {close!r}?"
    elif len(allowed) <= _MOST_FIELDS_NAMED:
        fix = (
            f"Remove it. The known fields are: {', '.join(allowed)}."
            if allowed
            else "Remove it. No field is allowed here."
        )
    else:
        fix = "Remove it."
    message = f"{item.api_version} {item.kind} has no such field, and the API server would drop it"
    return _finding(item, path, "unknown-field", message, fix)


def _value_error(kind: Any, value: str) -> tuple[str, str, str]:
    """Return the rule, message and fix of an error about one value."""
    name: str = kind.name
    if name in _SIZES:
        fix = "Keep one." if name == "uniqueItems" else f"{_spelled(name)}: {kind.limit}."
        return "size", f"the value{value} {_SIZES[name]}", fix
    if name in _RANGES:
        limit = kind.multiple_of if name == "multipleOf" else kind.limit
        return "range", f"the value{value} is out of range", f"{_spelled(name)}: {limit}."
    return _VALUE_ERRORS.get(name, _form)(kind, value)


_BOOLEANS: Final = frozenset({"true", "false"})


def _type(kind: Any, value: str) -> tuple[str, str, str]:
    types = " or ".join(word for word in kind.types if word != "null" or len(kind.types) == 1)
    fix = f"Give {_with_article(types)}."
    if types == "string" and value.strip() in _BOOLEANS:
        fix = "Give a string in quotes; without them, YAML reads y, n, yes, no, on and off as true or false."
    return "type", f"the value{value} has the wrong type", fix


def _enum(kind: Any, value: str) -> tuple[str, str, str]:
    listed = ", ".join(str(option) for option in kind.options if option not in (None, ""))
    return "enum", f"the value{value} is not allowed", f"Use one of: {listed}."


def _pattern(kind: Any, value: str) -> tuple[str, str, str]:
    if _QUANTITY_MARK in kind.pattern:
        return (
            "quantity",
            f"the value{value} is not a quantity",
            "Write a number with a unit such as 500m, 12G or 64Gi.",
        )
    return "pattern", f"the value{value} does not match the pattern", f"Match {kind.pattern}"


def _format(kind: Any, value: str) -> tuple[str, str, str]:
    known = format_named(kind.format)
    if known is None:
        return "format", f"the value{value} is not a {kind.format}", f"Give a {kind.format}."
    return "format", f"the value{value} is not {_with_article(known.noun)}", known.fix


def _form(kind: Any, _value: str) -> tuple[str, str, str]:
    """Describe a failed anyOf or oneOf by the fields that its alternatives require."""
    alternatives = getattr(kind, "context", None) or []
    required = {
        error.kind.property for errors in alternatives for error in errors if error.kind.name == "required"
    }
    if required:
        fix = f"Set one of: {', '.join(sorted(required))}."
    else:
        fix = "Set exactly one of the alternatives." if kind.name == "oneOf" else "See the kind's reference."
    return "form", "the value matches no allowed form", fix


def _spelled(keyword: str) -> str:
    """``maxItems`` -> ``Max items``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", keyword).capitalize()


def _with_article(types: str) -> str:
    return f"an {types}" if types[0] in "aeioI" else f"a {types}"


def _properties(schema: Any, schema_path: list[str | int]) -> Iterable[str]:
    """Return the known field names of the schema whose ``additionalProperties`` failed."""
    node = schema
    for part in schema_path[:-1]:
        node = node[part]
    names: Iterable[str] = node.get("properties", ())
    return names


def _finding(item: ManifestObject, path: list[str | int], rule: str, message: str, fix: str) -> Finding:
    return Finding(
        file=item.file,
        object=str(item),
        field=field_path(path),
        rule=f"schema/{rule}",
        severity=Severity.ERROR,
        message=message,
        fix=fix,
    )


_VALUE_ERRORS: Final[dict[str, Callable[[Any, str], tuple[str, str, str]]]] = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "format": _format,
}
