"""The form of a request: JSON Schema for react-jsonschema-form, the form library of Backstage.

The form has the shape of the request, and no rules of its own. It differs from the request's JSON Schema in these points:

- No field is hidden, because a hidden field keeps the text that was typed into it.
- The form library fills the fields of every object. So an optional object has no defaults, and its required fields are
  required only once another of its fields has a value.
- A choice is an ``enum`` with ``enumNames``. From constants with titles, the form library would preselect the first one,
  and the review page would show the title as the name of the field.
- The review page shows the name of a field without the objects around it. So an inner field has a review name with its
  path.
- Submitted values contain empty texts, lists and objects, which :func:`request_from_form` removes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.describe.schema_fields import FieldShape, SpecField, every_field, request_fields
from goldenpath.errors import MISSING
from goldenpath.spec.hints import ENTRY, FORM_SAYS, LABEL, PREFIX, ChosenFrom, Frontend
from goldenpath.spec.types import pattern_messages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from goldenpath.describe.choices import Choice, Choices
    from goldenpath.paths import GoldenPath
    from goldenpath.spec.parsed_fields import Location

__all__ = [
    "PUBLISH_OPTIONS",
    "form_object",
    "form_values",
    "label",
    "label_of",
    "request_from_form",
    "unasked_fields",
]

PUBLISH_OPTIONS: Final = frozenset({"allow_removals", "delivery", "kept", "revision"})
"""Form fields that are options of the publish action, and not part of the request."""

_PICKERS: Final[Mapping[ChosenFrom, Mapping[str, Any]]] = {
    ChosenFrom.GROUPS: {"ui:field": "OwnerPicker", "ui:options": {"catalogFilter": {"kind": "Group"}}},
    # Tenants are Systems of the catalog. This picker offers the Systems that the user or the user's groups own.
    ChosenFrom.TENANTS: {
        "ui:field": "OwnedEntityPicker",
        "ui:options": {
            "catalogFilter": {"kind": "System"},
            "defaultKind": "System",
            "allowArbitraryValues": False,
        },
    },
}
"""Scaffolder fields (backstage.io, "Input Examples") for values that are chosen from the catalog."""

_NAME_KEYS: Final = frozenset({"errorMessage", "maxLength", "minLength", "pattern"})
"""Schema keys for a tenant's name. They do not apply to the picker, which returns ``system:default/vision``."""

_WORDS: Final = {
    "api": "API", "cidr": "CIDR", "cpu": "CPU", "git": "Git", "hf": "HF", "id": "ID", "kv": "KV", "oci": "OCI", "pvc": "PVC",
    "url": "URL",
}  # fmt: skip

# Keys that the form library ignores or misuses: for `minItems`, for example, it adds empty entries.
_FOR_VALIDATORS_ONLY: Final = frozenset(
    {"$comment", "$id", "$ref", "allOf", "default", "examples", "minItems", "patternErrorMessage", "title"}
)


def form_object(
    fields: Iterable[SpecField], choices: Choices, *, is_optional: bool = False
) -> dict[str, Any]:
    """Return the form of an object's fields. The fields of several variants are offered together.

    An optional object may be absent as a whole.
    """
    shared = list(fields)
    form: dict[str, Any] = {"type": "object", "properties": {}}
    for field in shared:
        offered = _form_field(field, choices, with_default=not is_optional)
        other = form["properties"].get(field.name)
        form["properties"][field.name] = offered if other is None else _common(other, offered)
    required = [field.name for field in shared if field.required and not field.variant]
    if required and not is_optional:
        form["required"] = required
    elif required:
        # The form library creates empty lists and objects by itself, so they do not make other fields required.
        triggers = [field.name for field in shared if field.is_simple and field.shape is not FieldShape.LIST]
        needs = {
            name: others for name in triggers if (others := [other for other in required if other != name])
        }
        form |= {"dependencies": needs} if needs else {}
    return form


def _common(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys on which two variants of a field agree, with both descriptions, so that the form allows either."""
    common = {key: value for key, value in one.items() if other.get(key) == value}
    meanings = dict.fromkeys(filter(None, (one.get("description"), other.get("description"))))
    return common | ({"description": " ".join(meanings)} if meanings else {})


def _form_field(field: SpecField, choices: Choices, *, with_default: bool) -> dict[str, Any]:
    meaning = _meaning(field, choices)
    texts = {"title": label_of(field), **({"description": meaning} if meaning else {})}
    offered = offered_values(choices.of(field))
    if field.shape is FieldShape.OBJECT:
        return texts | form_object(field.children, choices, is_optional=field.nullable)
    texts |= _review_name(field)
    if field.shape is FieldShape.OBJECTS:
        items = {"title": _entry_label(field), **form_object(field.children, choices)}
        return texts | {"type": "array", "items": items}
    if field.shape is FieldShape.MAP:
        return texts | {
            "type": "object",
            "additionalProperties": {"type": "string"} if field.entry is FieldShape.TEXT else True,
        }
    if field.shape is FieldShape.LIST:
        entry = {"type": "string", **offered} if offered else _value(field.schema["items"])
        several = {"uniqueItems": True, "ui:widget": "checkboxes"} if offered else {}
        items = entry if offered else {"title": _entry_label(field), **entry}
        return texts | {"type": "array", "items": items, **several}
    value = {"type": "string", **offered} if offered else _value(field.schema)
    most = choices.most_of(field)
    limit = {} if most is None else {"maximum": most}
    default = {"default": field.default} if with_default and field.default is not MISSING else {}
    # The form library lists examples below the field, and accepts any other value too.
    suggested = choices.suggested(field)
    examples = {"examples": list(suggested)} if suggested else {}
    picker = _PICKERS.get(field.chosen_from, {}) if field.chosen_from is not None and not offered else {}
    if picker and field.chosen_from is ChosenFrom.TENANTS:
        value = {key: entry for key, entry in value.items() if key not in _NAME_KEYS}
    return {**value, **texts, **limit, **default, **examples, **picker}


def offered_values(choices: Sequence[Choice]) -> dict[str, list[str]]:
    """Return the values of choices with their titles; empty without choices."""
    if not choices:
        return {}
    return {"enum": [each.value for each in choices], "enumNames": [each.title for each in choices]}


def _review_name(field: SpecField) -> dict[str, Any]:
    """Return the name of an inner field on the review page, with the objects around it."""
    if len(field.location) == 1 or not all(isinstance(step, str) for step in field.location):
        return {}
    return {"ui:backstage": {"review": {"name": " › ".join(label(str(step)) for step in field.location)}}}


def _meaning(field: SpecField, choices: Choices) -> str:
    """Return the description of a field; for a variant, with the field that selects the variant."""
    selects = not field.variant or field.name == field.variant
    text = field.schema.get(FORM_SAYS, field.description)
    described = text if selects else f"With {label(field.variant)}: {text}"
    default = choices.default_of(field)
    return f"{described} The fleet's default: {default}." if default else described


def _value(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form of one value. A number that may also be text becomes a text field."""
    examples = schema.get("examples", ())
    kept = {
        key: value
        for key, value in schema.items()
        if key not in _FOR_VALIDATORS_ONLY | {"anyOf", "description"} and not key.startswith(PREFIX)
    }
    hint = {"ui:placeholder": str(examples[0])} if examples and "default" not in schema else {}
    value = {**_text_option(schema), **kept, **hint}
    # Two fields may share a pattern, so the message of the field itself comes first.
    message = schema.get("patternErrorMessage") or pattern_messages().get(str(value.get("pattern", "")))
    return {**value, **({"errorMessage": {"pattern": message}} if message else {})}


def _text_option(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the text form of a value that may also be a number; empty for other values."""
    options = (option for option in schema.get("anyOf", ()) if option.get("type") == "string")
    return next(options, {})


def label_of(field: SpecField) -> str:
    return str(field.schema.get(LABEL) or label(field.name))


def label(name: str) -> str:
    """Turn a field's name into a label: ``cost_center`` becomes "Cost center"."""
    words = [_WORDS.get(word, word) for word in name.replace("-", "_").split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _entry_label(field: SpecField) -> str:
    return str(field.schema.get(ENTRY) or label_of(field).removesuffix("s"))


def unasked_fields(path: GoldenPath) -> frozenset[str]:
    """Return the fields of a request that its form does not ask for. An edit by form keeps their values."""
    return frozenset(field.name for field in request_fields(path) if not field.is_asked_by(Frontend.FORM))


def request_from_form(values: Mapping[str, Any], path: GoldenPath) -> dict[str, Any]:
    """Build a request for the parser from a form's values.

    Empty values and publish options are left out. Fields that are not on the form are kept unchanged, so that a program
    may send a whole request the same way.
    """
    unasked = unasked_fields(path)
    tenants = {field.name for field in request_fields(path) if field.chosen_from is ChosenFrom.TENANTS}
    given = {
        name: value
        if name in unasked
        else _without_empties(_entity_name(value) if name in tenants else value)
        for name, value in values.items()
        if name not in PUBLISH_OPTIONS
    }
    return {"golden_path": path.major} | {
        name: value for name, value in given.items() if not _is_empty(value)
    }


def form_values(document: Mapping[str, Any], revision: str, path: GoldenPath | None) -> dict[str, Any]:
    """Return the initial values of the form that edits a request.

    Args:
        document: the request.
        revision: the id of the request's blob in Git.
        path: the golden path of the request; None for an unknown one, which has no form.
    """
    unasked = unasked_fields(path) if path is not None else frozenset[str]()
    values = _without_nulls({name: value for name, value in document.items() if name not in unasked})
    for field in every_field(request_fields(path)) if path is not None else ():
        if _text_option(field.schema) and all(isinstance(step, str) for step in field.location):
            _turn_into_text(values, field.location)
    return {**values, "revision": revision}


def _without_nulls(value: Any) -> Any:
    """Remove every `null`, which a form field of any type refuses."""
    if isinstance(value, dict):
        return {name: _without_nulls(entry) for name, entry in value.items() if entry is not None}
    if isinstance(value, list):
        return [_without_nulls(entry) for entry in value if entry is not None]
    return value


def _turn_into_text(node: Any, location: Location) -> None:
    """Turn a number at a location into text, because its form field takes text only."""
    for step in location[:-1]:
        node = node.get(step) if isinstance(node, dict) else None
    last = location[-1]
    if (
        isinstance(node, dict)
        and isinstance(node.get(last), int | float)
        and not isinstance(node[last], bool)
    ):
        node[last] = str(node[last])


def _entity_name(reference: Any) -> Any:
    """Return the name in an entity reference of a picker: ``vision`` for ``system:default/vision``."""
    is_entity = isinstance(reference, str) and reference.lower().startswith("system:")
    return reference.rpartition("/")[2].rpartition(":")[2] if is_entity else reference


def _without_empties(value: Any) -> Any:
    if isinstance(value, dict):
        pruned = {key: _without_empties(entry) for key, entry in value.items()}
        return {key: entry for key, entry in pruned.items() if not _is_empty(entry)}
    if isinstance(value, list):
        return [entry for entry in map(_without_empties, value) if not _is_empty(entry)]
    return value


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)
