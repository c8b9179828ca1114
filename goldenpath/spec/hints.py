"""Hints on fields: what a form, a prompt or a table should know of a field beyond its type.

A field carries its own hints. They travel in the JSON Schema, as ``x-goldenpath-…``; everything that asks people for a
request reads them there, and knows no field by name. The extra inputs of a golden path may carry the same keys.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = [
    "CHOICES",
    "ENTRY",
    "FIXED",
    "FORM_SAYS",
    "LABEL",
    "LAST_STEP",
    "LIMIT",
    "ORDER",
    "PREFIX",
    "SHORT",
    "STEP",
    "STEPS",
    "UNASKED",
    "WHEN_NEEDED",
    "WHERE",
    "ChosenFrom",
    "Door",
    "hint",
    "in_order",
    "is_asked_by",
]

PREFIX: Final = "x-goldenpath-"
STEP: Final = f"{PREFIX}step"
ORDER: Final = f"{PREFIX}order"
CHOICES: Final = f"{PREFIX}choices"
LIMIT: Final = f"{PREFIX}limit"
UNASKED: Final = f"{PREFIX}unasked"
WHEN_NEEDED: Final = f"{PREFIX}when-needed"
FIXED: Final = f"{PREFIX}fixed"
SHORT: Final = f"{PREFIX}short"
LABEL: Final = f"{PREFIX}label"
ENTRY: Final = f"{PREFIX}entry"
FORM_SAYS: Final = f"{PREFIX}form-says"

WHERE: Final = "Where"
STEPS: Final = (
    "Who",
    WHERE,
    "Model",
    "Compute and accelerators",
    "Access and security",
    "Identity and network",
    "Scaling",
    "Source and secrets",
)
"""Steps of a form, in their order."""
LAST_STEP: Final = "More"
"""The step of fields that name none: extra inputs, and what a form does not ask for."""


class ChosenFrom(enum.StrEnum):
    """What a field is chosen from."""

    ACCELERATORS = "accelerators"
    """Accelerators of the fleet; of the catalogue where no fleet is known."""
    CLUSTERS = "clusters"
    """Clusters of the fleet."""
    CHOSEN_CLUSTERS = "chosen-clusters"
    """Those that the request names already."""
    ENGINES = "engines"
    """Inference engines of the catalogue."""
    GROUPS = "groups"
    """Groups of Backstage's catalog."""
    KNOWN_ACCELERATORS = "known-accelerators"
    """Accelerators of the catalogue, or models of the fleet's own."""
    MODELS = "models"
    """Models of the catalogue."""
    POLICIES = "policies"
    """Policies of the catalogue. A value may outlive its policy."""
    REGIONS = "regions"
    """Regions of the fleet."""
    TENANTS = "tenants"
    """Tenants that the person owns."""


class Door(enum.StrEnum):
    """What asks people for a request, field by field."""

    FORM = "form"
    """The Backstage form."""
    NEW = "new"
    """``goldenpath new``."""
    COOKIECUTTER = "cookiecutter"
    """The variables of cookiecutter."""


def hint(
    *,
    step: str = "",
    order: int = 0,
    choices: ChosenFrom | None = None,
    limit: ChosenFrom | None = None,
    unasked: Collection[Door] = (),
    when_needed: bool = False,
    fixed: bool = False,
    short: str | None = None,
    label: str = "",
    entry: str = "",
    form_says: str = "",
    unique: bool = False,
) -> Any:
    """A field's hints, for ``Annotated``.

    Args:
        step: the step of the form, one of :data:`STEPS`.
        order: its place among the fields of its step; fields of one place stand as they are declared.
        choices: what it is chosen from.
        limit: what limits the number: as many accelerators as the largest pool of the fleet has.
        unasked: doors that do not ask for it; a request may have it all the same.
        when_needed: `goldenpath new` asks for it only where the request is refused without it.
        fixed: it says which request this is: changing it makes another one.
        short: what stands for it in the names of cookiecutter variables for the fields inside it; empty for nothing.
        label: its name for people, where that is not the field's own.
        entry: what one entry of the list is called, where that is not the label without its last letter.
        form_says: its meaning on a form, where the description says where to look a value up.
        unique: no entry of the list occurs twice.
    """
    said: dict[str, Any] = {
        STEP: step,
        ORDER: order,
        CHOICES: choices.value if choices else "",
        LIMIT: limit.value if limit else "",
        UNASKED: [door.value for door in unasked],
        WHEN_NEEDED: when_needed,
        FIXED: fixed,
        LABEL: label,
        ENTRY: entry,
        FORM_SAYS: form_says,
        "uniqueItems": unique,
    }
    extra = {key: value for key, value in said.items() if value}
    return Field(json_schema_extra=extra if short is None else {**extra, SHORT: short})


def in_order(properties: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The properties of a schema in the order in which people are asked for them."""

    def place(item: tuple[str, dict[str, Any]]) -> tuple[int, int]:
        step = item[1].get(STEP, LAST_STEP)
        return STEPS.index(step) if step in STEPS else len(STEPS), item[1].get(ORDER, 0)

    return dict(sorted(properties.items(), key=place))


def is_asked_by(door: Door, schema: Mapping[str, Any]) -> bool:
    """Whether a door asks for the field that a schema describes."""
    return door.value not in schema.get(UNASKED, ())
