"""The form that asks for a request: JSON Schema as react-jsonschema-form (and so Backstage) understands it.

The form has the request's own shape and no rule that the parser lacks: it only helps. It differs from the
request's JSON Schema where a form must:

- nothing is hidden, since a hidden field keeps what was typed into it;
- a form library fills the fields of every object, so an object that may be absent has no defaults, and its
  required fields are required only once another of its fields has a value;
- what comes back is full of empty texts, lists and objects, which :func:`request_from_form` takes out again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.accelerators import catalogue
from goldenpath.describe.fields import Shape, SpecField
from goldenpath.engines import engine_catalogue
from goldenpath.errors import MISSING
from goldenpath.policies import policies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.paths import GoldenPath
    from goldenpath.spec.fields import Location
    from goldenpath.spec.fleet import FleetSpec

__all__ = ["BESIDE_THE_REQUEST", "NOT_ON_THE_FORM", "Choices", "Free", "form_object", "request_from_form"]

Free = Mapping[tuple[str, str], int]
"""By cluster and accelerator, how many nobody owns."""

NOT_ON_THE_FORM: Final = frozenset({"golden_path", "overrides", "retiring"})
"""The golden path is the form itself; a patch of rendered objects is written, and reviewed, as a file; and a
form that creates a tenant does not retire it."""

BESIDE_THE_REQUEST: Final = frozenset({"allow_removals", "delivery", "revision"})
"""What a template's form asks beside the request: it goes to the actions by name, and never into the request."""

_OWNER_PICKER: Final = {"ui:field": "OwnerPicker", "ui:options": {"catalogFilter": {"kind": "Group"}}}
_PICKERS: Final[Mapping[str, Mapping[str, Any]]] = {"owner": _OWNER_PICKER, "approved_by": _OWNER_PICKER}

_LABELS: Final = {
    "api": "API", "cidr": "CIDR", "cpu": "CPU", "git": "Git", "gpus": "GPUs", "id": "ID", "oci": "OCI", "url": "URL",
}  # fmt: skip

# What a form library does not read, or would act upon in its own way: a list's least length makes empty entries.
_FOR_VALIDATORS_ONLY: Final = frozenset(
    {"$comment", "$id", "$ref", "allOf", "default", "examples", "minItems", "title"}
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that may be chosen, and what a person reads."""

    value: str
    title: str


class Choices:
    """What a person can choose from, by the place of the field: from the fleet, where one is given."""

    def __init__(self, fleet: FleetSpec | None = None, free: Free | None = None) -> None:
        """Without a fleet there are no clusters and regions to choose from, and every accelerator.

        With ``free``, each accelerator says how many of it are free now, and else how many there are.
        """
        self._closed: dict[Location, tuple[Choice, ...]] = {
            ("gpus", 0, "profile"): tuple(_accelerators(fleet, free)),
            ("autoscaling", "engine", "name"): tuple(Choice(e.name, e.title) for e in engine_catalogue()),
            ("exceptions", 0, "policy"): tuple(Choice(p.id, p.title) for p in policies()),
        }
        if fleet is not None:
            clusters = tuple(Choice(name, f"{name} ({c.region})") for name, c in fleet.clusters.items())
            regions = dict.fromkeys(cluster.region for cluster in fleet.clusters.values())
            self._closed |= {
                ("clusters",): clusters,
                ("gpus", 0, "clusters"): clusters,
                ("placement", "regions"): tuple(Choice(region, region) for region in regions),
            }

    def of(self, location: Location) -> list[dict[str, str]]:
        """Constants with titles, as a form reads them; empty where any value will do."""
        return [{"const": choice.value, "title": choice.title} for choice in self._closed.get(location, ())]


def _accelerators(fleet: FleetSpec | None, free: Free | None) -> Iterator[Choice]:
    if fleet is None:
        yield from (Choice(accelerator.id, accelerator.title) for accelerator in catalogue())
        return
    places: dict[str, list[str]] = {}
    for name, cluster in fleet.clusters.items():
        for pool in cluster.accelerators:
            left = None if free is None else max(free.get((name, pool.profile), pool.count), 0)
            number = f"{pool.count}" if left is None else f"{left} of {pool.count} free"
            places.setdefault(pool.profile, []).append(f"{name}: {number}")
    for profile, where in places.items():
        known = catalogue().get(profile)
        yield Choice(profile, f"{known.title if known else profile} ({', '.join(where)})")


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
    words = {"title": label(field.name), **({"description": _meaning(field)} if field.description else {})}
    offered = choices.of(field.location)
    if field.shape is Shape.OBJECT:
        return words | form_object(field.children, choices, always_there=not field.nullable)
    if field.shape is Shape.OBJECTS:
        return words | {"type": "array", "items": form_object(field.children, choices)}
    if field.shape is Shape.MAP:
        return words | {
            "type": "object",
            "additionalProperties": {"type": "string"} if field.entry is Shape.TEXT else True,
        }
    if field.shape is Shape.LIST:
        entry = {"type": "string", "oneOf": offered} if offered else _value(field.schema["items"])
        several = {"uniqueItems": True, "ui:widget": "checkboxes"} if offered else {}
        return words | {"type": "array", "items": entry, **several}
    value = {"type": "string", "oneOf": offered} if offered else _value(field.schema)
    default = {"default": field.default} if with_default and field.default is not MISSING else {}
    return {**value, **words, **default, **_PICKERS.get(field.name, {})}


def _meaning(field: SpecField) -> str:
    """Its description; of a variant, with the field that selects it."""
    selects = not field.variant or field.name == field.variant
    return field.description if selects else f"With {label(field.variant)}: {field.description}"


def _value(schema: Mapping[str, Any]) -> dict[str, Any]:
    """One value's form: a number that may also be written as text is asked for as text."""
    examples = schema.get("examples", ())
    texts = [option for option in schema.get("anyOf", ()) if option.get("type") == "string"]
    kept = {
        key: value
        for key, value in schema.items()
        if key not in _FOR_VALIDATORS_ONLY | {"anyOf", "description"}
    }
    hint = {"ui:placeholder": str(examples[0])} if examples and "default" not in schema else {}
    return {**(texts[0] if texts else {}), **kept, **hint}


def label(name: str) -> str:
    """A field's name for people: ``cost_center`` is "Cost center"."""
    words = [_LABELS.get(word, word) for word in name.replace("-", "_").split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def request_from_form(values: Mapping[str, Any], path: GoldenPath) -> dict[str, Any]:
    """The request, as a document for the parser, that a form's values make.

    What is empty was not given, and what the form asks beside the request is none of it. Fields that are not on the
    form are taken as they are, so that a program may send a whole request the same way.
    """
    given = {
        name: value if name in NOT_ON_THE_FORM else _without_empties(value)
        for name, value in values.items()
        if name not in BESIDE_THE_REQUEST
    }
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
