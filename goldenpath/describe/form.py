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

from goldenpath.describe.schema_fields import Shape, SpecField
from goldenpath.errors import MISSING
from goldenpath.spec.hints import CHOICES, PREFIX
from goldenpath.spec.types import pattern_messages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.describe.choices import Choice, Choices
    from goldenpath.paths import GoldenPath
    from goldenpath.spec.parsed_fields import Location

__all__ = ["BESIDE_THE_REQUEST", "NOT_ON_THE_FORM", "QUANTITIES", "form_object", "request_from_form"]

NOT_ON_THE_FORM: Final = frozenset({"golden_path", "overrides", "retiring"})
"""The golden path is the form itself; a patch of rendered objects is written, and reviewed, as a file; and a
form that creates a tenant does not retire it."""

QUANTITIES: Final = frozenset({"cpu", "memory", "storage"})
"""Of ``compute``: what may be a number or a text in a request, and is a text on the form."""

BESIDE_THE_REQUEST: Final = frozenset({"allow_removals", "delivery", "kept", "revision"})
"""What a template's form asks beside the request: it goes to the actions by name, and never into the request."""

_OWNER_PICKER: Final = {"ui:field": "OwnerPicker", "ui:options": {"catalogFilter": {"kind": "Group"}}}
_TENANT_PICKER: Final = {
    "ui:field": "OwnedEntityPicker",
    "ui:options": {
        "catalogFilter": {"kind": "System"},
        "defaultKind": "System",
        "allowArbitraryValues": False,
    },
}
"""Tenants are Systems of the catalog; this picker offers those whose owner the user is, or is a member of."""
_PICKERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "owner": _OWNER_PICKER,
    "approved_by": _OWNER_PICKER,
    "tenants": _TENANT_PICKER,
}
"""By the name of a field, or by what its hint says that it is chosen from."""

_LABELS: Final = {
    "api": "API", "cidr": "CIDR", "cpu": "CPU", "git": "Git", "gpus": "accelerators", "id": "ID", "oci": "OCI", "url": "URL",
}  # fmt: skip

_ENTRIES: Final = {
    "gpus": "Accelerator", "egress": "Destination", "admins": "Group", "developers": "Group", "viewers": "Group",
    "federates_with": "Trust domain", "pull_secrets": "Secret",
}  # fmt: skip
"""What one entry of a list is called, where that is not the list's name without its last letter."""

_SAID_OTHERWISE: Final[Mapping[Location, str]] = {
    ("gpus", 0, "profile"): "Model, or slice of a model, and how many there are.",
}
"""Where the description tells those who write a file where to look, and a form has it before their eyes."""

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
        triggers = [field.name for field in shared if field.is_simple and field.shape is not Shape.LIST]
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
    words = {"title": label(field.name), **({"description": meaning} if meaning else {})}
    chosen_from = str(field.schema.get(CHOICES, ""))
    offered = _offered(choices.at(field.location) or choices.offered(chosen_from))
    suggested = choices.suggested(chosen_from)
    if field.shape is Shape.OBJECT:
        return words | form_object(field.children, choices, always_there=not field.nullable)
    words |= _in_the_review(field)
    if field.shape is Shape.OBJECTS:
        items = {"title": _entry_label(field.name), **form_object(field.children, choices)}
        return words | {"type": "array", "items": items}
    if field.shape is Shape.MAP:
        return words | {
            "type": "object",
            "additionalProperties": {"type": "string"} if field.entry is Shape.TEXT else True,
        }
    if field.shape is Shape.LIST:
        entry = {"type": "string", **offered} if offered else _value(field.schema["items"])
        several = {"uniqueItems": True, "ui:widget": "checkboxes"} if offered else {}
        items = entry if offered else {"title": _entry_label(field.name), **entry}
        return words | {"type": "array", "items": items, **several}
    value = {"type": "string", **offered} if offered else _value(field.schema)
    most = choices.most_of(field.location)
    limit = {} if most is None else {"maximum": most}
    default = {"default": field.default} if with_default and field.default is not MISSING else {}
    # A form library lists examples below the field, and takes any other value too.
    examples = {"examples": list(suggested)} if suggested else {}
    pickers = _PICKERS.get(field.name) or _PICKERS.get(chosen_from, {})
    return {**value, **words, **limit, **default, **examples, **pickers}


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
    said = _SAID_OTHERWISE.get(field.location, field.description)
    described = said if selects else f"With {label(field.variant)}: {said}"
    default = choices.default_of(field.location)
    return f"{described} The fleet's default: {default}." if default else described


def _value(schema: Mapping[str, Any]) -> dict[str, Any]:
    """One value's form: a number that may also be written as text is asked for as text."""
    examples = schema.get("examples", ())
    texts = [option for option in schema.get("anyOf", ()) if option.get("type") == "string"]
    kept = {
        key: value
        for key, value in schema.items()
        if key not in _FOR_VALIDATORS_ONLY | {"anyOf", "description"} and not key.startswith(PREFIX)
    }
    hint = {"ui:placeholder": str(examples[0])} if examples and "default" not in schema else {}
    value = {**(texts[0] if texts else {}), **kept, **hint}
    # Two fields may have one pattern: the message is the field's own.
    said = schema.get("patternErrorMessage") or pattern_messages().get(str(value.get("pattern", "")))
    return {**value, **({"errorMessage": {"pattern": said}} if said else {})}


def label(name: str) -> str:
    """A field's name for people: ``cost_center`` is "Cost center"."""
    words = [_LABELS.get(word, word) for word in name.replace("-", "_").split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _entry_label(name: str) -> str:
    return _ENTRIES.get(name) or label(name).removesuffix("s")


def request_from_form(values: Mapping[str, Any], path: GoldenPath) -> dict[str, Any]:
    """The request, as a document for the parser, that a form's values make.

    Empty values were not given, and other values of the form do not belong to the request. Fields that are not on the
    form are taken as they are, so that a program may send a whole request the same way.
    """
    given = {
        name: value if name in NOT_ON_THE_FORM else _without_empties(value)
        for name, value in values.items()
        if name not in BESIDE_THE_REQUEST
    }
    tenant = given.get("tenant")
    if isinstance(tenant, str) and tenant.lower().startswith("system:"):
        # A picker of the catalog gives an entity, as `system:default/vision`.
        given["tenant"] = tenant.rpartition("/")[2].rpartition(":")[2]
    return {"golden_path": path.major} | {
        name: value for name, value in given.items() if not _is_empty(value)
    }


def _without_empties(value: Any) -> Any:
    if isinstance(value, dict):
        pruned = {key: _without_empties(entry) for key, entry in value.items()}
        return {key: entry for key, entry in pruned.items() if not _is_empty(entry)}
    if isinstance(value, list):
        return [entry for entry in map(_without_empties, value) if not _is_empty(entry)]
    return value


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)
