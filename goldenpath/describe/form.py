"""The form that asks for a request: JSON Schema as react-jsonschema-form (and so Backstage) understands it.

The form has the request's own shape and no rule that the parser lacks: it only helps. It differs from the
request's JSON Schema where a form must:

- nothing is hidden, since a hidden field keeps what was typed into it;
- a form library fills the fields of every object, so an object that may be absent has no defaults, and its
  required fields are required only once another of its fields has a value;
- a choice is an ``enum`` with names for people: of constants with titles a form library takes the first one, unasked,
  and the page for the review takes the title for the field's name;
- that page puts a field by its name alone, so what stands inside an object says there where it stands;
- what comes back is full of empty texts, lists and objects, which :func:`request_from_form` takes out again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.describe.schema_fields import FieldShape, SpecField, every_field, request_fields
from goldenpath.errors import MISSING
from goldenpath.spec.hints import ENTRY, FORM_SAYS, LABEL, PREFIX, ChosenFrom, Door
from goldenpath.spec.types import pattern_messages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.describe.choices import Choice, Choices
    from goldenpath.paths import GoldenPath
    from goldenpath.spec.parsed_fields import Location

__all__ = [
    "BESIDE_THE_REQUEST",
    "beside_the_form",
    "form_object",
    "form_values",
    "label",
    "label_of",
    "request_from_form",
]

BESIDE_THE_REQUEST: Final = frozenset({"allow_removals", "delivery", "kept", "revision"})
"""What a template's form asks beside the request: it goes to the actions by name, and never into the request."""

_PICKERS: Final[Mapping[ChosenFrom, Mapping[str, Any]]] = {
    ChosenFrom.GROUPS: {"ui:field": "OwnerPicker", "ui:options": {"catalogFilter": {"kind": "Group"}}},
    # Tenants are Systems of the catalog; this picker offers those whose owner the user is, or is a member of.
    ChosenFrom.TENANTS: {
        "ui:field": "OwnedEntityPicker",
        "ui:options": {
            "catalogFilter": {"kind": "System"},
            "defaultKind": "System",
            "allowArbitraryValues": False,
        },
    },
}
"""Fields of the scaffolder (backstage.io, "Input Examples") for what is chosen from the catalog."""

_OF_A_NAME: Final = frozenset({"errorMessage", "maxLength", "minLength", "pattern"})
"""What a request says of a tenant's name. The picker gives the entity, ``system:default/vision``, and no name."""

_WORDS: Final = {
    "api": "API", "cidr": "CIDR", "cpu": "CPU", "git": "Git", "hf": "HF", "id": "ID", "kv": "KV", "oci": "OCI", "pvc": "PVC",
    "url": "URL",
}  # fmt: skip

# What a form library does not read, or would act upon in its own way: a list's least length makes empty entries.
_FOR_VALIDATORS_ONLY: Final = frozenset(
    {"$comment", "$id", "$ref", "allOf", "default", "examples", "minItems", "patternErrorMessage", "title"}
)


def form_object(
    fields: Iterable[SpecField], choices: Choices, *, always_there: bool = True
) -> dict[str, Any]:
    """The form of an object's fields.

    Args:
        fields: of one object; those of several variants are offered together.
        choices: what a person can choose from.
        always_there: false for an object that may be absent as a whole.

    """
    shared = list(fields)
    form: dict[str, Any] = {"type": "object", "properties": {}}
    for field in shared:
        offered = _form_field(field, choices, with_default=always_there)
        there = form["properties"].get(field.name)
        form["properties"][field.name] = offered if there is None else _common(there, offered)
    required = [field.name for field in shared if field.required and not field.variant]
    if required and always_there:
        form["required"] = required
    elif required:
        # Lists and objects are there, empty, before anybody has touched them: they make nothing required.
        triggers = [field.name for field in shared if field.is_simple and field.shape is not FieldShape.LIST]
        needs = {
            name: others for name in triggers if (others := [other for other in required if other != name])
        }
        form |= {"dependencies": needs} if needs else {}
    return form


def _common(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """A field that two variants share: what both say of it, so that neither is refused what it allows."""
    common = {key: value for key, value in one.items() if other.get(key) == value}
    meanings = dict.fromkeys(said for said in (one.get("description"), other.get("description")) if said)
    return common | ({"description": " ".join(meanings)} if meanings else {})


def _form_field(field: SpecField, choices: Choices, *, with_default: bool) -> dict[str, Any]:
    meaning = _meaning(field, choices)
    words = {"title": label_of(field), **({"description": meaning} if meaning else {})}
    offered = _offered(choices.of(field))
    if field.shape is FieldShape.OBJECT:
        return words | form_object(field.children, choices, always_there=not field.nullable)
    words |= _in_the_review(field)
    if field.shape is FieldShape.OBJECTS:
        items = {"title": _entry_label(field), **form_object(field.children, choices)}
        return words | {"type": "array", "items": items}
    if field.shape is FieldShape.MAP:
        return words | {
            "type": "object",
            "additionalProperties": {"type": "string"} if field.entry is FieldShape.TEXT else True,
        }
    if field.shape is FieldShape.LIST:
        entry = {"type": "string", **offered} if offered else _value(field.schema["items"])
        several = {"uniqueItems": True, "ui:widget": "checkboxes"} if offered else {}
        items = entry if offered else {"title": _entry_label(field), **entry}
        return words | {"type": "array", "items": items, **several}
    value = {"type": "string", **offered} if offered else _value(field.schema)
    most = choices.most_of(field)
    limit = {} if most is None else {"maximum": most}
    default = {"default": field.default} if with_default and field.default is not MISSING else {}
    # A form library lists examples below the field, and takes any other value too.
    suggested = choices.suggested(field)
    examples = {"examples": list(suggested)} if suggested else {}
    picker = _PICKERS.get(field.chosen_from, {}) if field.chosen_from is not None and not offered else {}
    if picker and field.chosen_from is ChosenFrom.TENANTS:
        value = {key: said for key, said in value.items() if key not in _OF_A_NAME}
    return {**value, **words, **limit, **default, **examples, **picker}


def _offered(choices: Iterable[Choice]) -> dict[str, list[str]]:
    """The values, and beside them what a person reads; nothing where any value will do."""
    offered = tuple(choices)
    names = {"enum": [each.value for each in offered], "enumNames": [each.title for each in offered]}
    return names if offered else {}


def _in_the_review(field: SpecField) -> dict[str, Any]:
    """The name of a field that stands inside an object, on the page that shows everything before it is sent."""
    if len(field.location) == 1 or not all(isinstance(step, str) for step in field.location):
        return {}
    first, *others = (label(str(step)) for step in field.location)
    return {"ui:backstage": {"review": {"name": " › ".join((first, *others))}}}


def _meaning(field: SpecField, choices: Choices) -> str:
    """Its description; of a variant, with the field that selects it."""
    selects = not field.variant or field.name == field.variant
    said = field.schema.get(FORM_SAYS, field.description)
    described = said if selects else f"With {label(field.variant)}: {said}"
    default = choices.default_of(field)
    return f"{described} The fleet's default: {default}." if default else described


def _value(schema: Mapping[str, Any]) -> dict[str, Any]:
    """One value's form: a number that may also be written as text is asked for as text."""
    examples = schema.get("examples", ())
    kept = {
        key: value
        for key, value in schema.items()
        if key not in _FOR_VALIDATORS_ONLY | {"anyOf", "description"} and not key.startswith(PREFIX)
    }
    hint = {"ui:placeholder": str(examples[0])} if examples and "default" not in schema else {}
    value = {**_text_option(schema), **kept, **hint}
    # Two fields may have one pattern: the message is the field's own.
    said = schema.get("patternErrorMessage") or pattern_messages().get(str(value.get("pattern", "")))
    return {**value, **({"errorMessage": {"pattern": said}} if said else {})}


def _text_option(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """How a value may be written as text, where it may also be a number; empty where it may not."""
    options = (option for option in schema.get("anyOf", ()) if option.get("type") == "string")
    return next(options, {})


def label_of(field: SpecField) -> str:
    """A field's name for people."""
    return str(field.schema.get(LABEL) or label(field.name))


def label(name: str) -> str:
    """A name for people: ``cost_center`` is "Cost center"."""
    words = [_WORDS.get(word, word) for word in name.replace("-", "_").split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _entry_label(field: SpecField) -> str:
    return str(field.schema.get(ENTRY) or label_of(field).removesuffix("s"))


def beside_the_form(path: GoldenPath) -> frozenset[str]:
    """Fields of a request that its form does not ask for: what a request has of them, an edit by form keeps."""
    return frozenset(field.name for field in request_fields(path) if not field.is_asked_by(Door.FORM))


def request_from_form(values: Mapping[str, Any], path: GoldenPath) -> dict[str, Any]:
    """The request, as a document for the parser, that a form's values make.

    Empty values were not given, and other values of the form do not belong to the request. Fields that are not on the
    form are taken as they are, so that a program may send a whole request the same way.
    """
    beside = beside_the_form(path)
    tenants = {field.name for field in request_fields(path) if field.chosen_from is ChosenFrom.TENANTS}
    given = {
        name: value if name in beside else _without_empties(_plain(value) if name in tenants else value)
        for name, value in values.items()
        if name not in BESIDE_THE_REQUEST
    }
    return {"golden_path": path.major} | {
        name: value for name, value in given.items() if not _is_empty(value)
    }


def form_values(document: Mapping[str, Any], revision: str, path: GoldenPath | None) -> dict[str, Any]:
    """What the form that edits a request is filled in with.

    Args:
        document: the request.
        revision: Git's id of it.
        path: the golden path that it names; None where there is no such path, and so no form.
    """
    beside = beside_the_form(path) if path is not None else frozenset[str]()
    asked = _given({name: value for name, value in document.items() if name not in beside})
    for field in every_field(request_fields(path)) if path is not None else ():
        if _text_option(field.schema) and all(isinstance(step, str) for step in field.location):
            _as_text(asked, field.location)
    return {**asked, "revision": revision}


def _given(value: Any) -> Any:
    """Without what a file leaves out by saying so: `null` is of no field's type, and the form would refuse it."""
    if isinstance(value, dict):
        return {name: _given(entry) for name, entry in value.items() if entry is not None}
    if isinstance(value, list):
        return [_given(entry) for entry in value if entry is not None]
    return value


def _as_text(node: Any, location: Location) -> None:
    """Make text of a number that a form asks for as text, and would refuse."""
    for step in location[:-1]:
        node = node.get(step) if isinstance(node, dict) else None
    last = location[-1]
    if (
        isinstance(node, dict)
        and isinstance(node.get(last), int | float)
        and not isinstance(node[last], bool)
    ):
        node[last] = str(node[last])


def _plain(reference: Any) -> Any:
    """The name in a reference to an entity, as a picker gives it: ``system:default/vision`` is ``vision``."""
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
