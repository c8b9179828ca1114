"""Hints on fields: facts that a form, a prompt or a table needs about a field beyond its type.

Hints are keys ``x-goldenpath-…`` in the JSON Schema of a field. The form and the prompts read only these hints, and
handle no field by its name. The extra inputs of a golden path may have the same keys.
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
    "Frontend",
    "hint",
    "in_order",
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
"""Step of fields without a step: extra inputs, and fields that the form does not ask for."""


class ChosenFrom(enum.StrEnum):
    """The source of a field's choices."""

    ACCELERATORS = "accelerators"
    """Accelerators of the fleet; of the catalogue where no fleet is known."""
    CLUSTERS = "clusters"
    """Clusters of the fleet."""
    CHOSEN_CLUSTERS = "chosen-clusters"
    """Clusters that the request names already."""
    ENGINES = "engines"
    """Inference engines of the catalogue."""
    GROUPS = "groups"
    """Groups of Backstage's catalog."""
    KNOWN_ACCELERATORS = "known-accelerators"
    """Accelerators of the catalogue, and the fleet's own models."""
    MODELS = "models"
    """Models of the catalogue."""
    POLICIES = "policies"
    """Policies of the catalogue. A value may outlive its policy."""
    REGIONS = "regions"
    """Regions of the fleet."""
    TENANTS = "tenants"
    """Tenants that the person owns."""


class Frontend(enum.StrEnum):
    """A frontend that asks a person for the fields of a request."""

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
    unasked: Collection[Frontend] = (),
    when_needed: bool = False,
    fixed: bool = False,
    short: str | None = None,
    label: str = "",
    entry: str = "",
    form_says: str = "",
    unique: bool = False,
) -> Any:
    """Return the hints of a field, for ``Annotated``.

    Args:
        step: the step of the form, one of :data:`STEPS`.
        order: position among the fields of its step; fields with equal positions keep the order of their declaration.
        choices: the source of the choices.
        limit: the source of the largest number: the largest pool of an accelerator in the fleet.
        unasked: frontends that do not ask for the field; a request may have the field all the same.
        when_needed: `goldenpath new` asks for the field only where the request is refused without it.
        fixed: the field identifies the request, so an edit cannot change it.
        short: prefix of the cookiecutter variables for the fields inside this field; empty for no prefix.
        label: name for people, where it differs from the field's name.
        entry: name of one entry of the list, where it differs from the label without its last letter.
        form_says: help text of the form, where the description refers to a command or a page.
        unique: no entry of the list occurs twice.
    """
    hints: dict[str, Any] = {
        STEP: step,
        ORDER: order,
        CHOICES: choices.value if choices else "",
        LIMIT: limit.value if limit else "",
        UNASKED: [frontend.value for frontend in unasked],
        WHEN_NEEDED: when_needed,
        FIXED: fixed,
        LABEL: label,
        ENTRY: entry,
        FORM_SAYS: form_says,
        "uniqueItems": unique,
    }
    extra = {key: value for key, value in hints.items() if value}
    return Field(json_schema_extra=extra if short is None else {**extra, SHORT: short})


def in_order(properties: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Sort the properties of a schema by step and order, as frontends ask for them."""

    def place(item: tuple[str, dict[str, Any]]) -> tuple[int, int]:
        step = item[1].get(STEP, LAST_STEP)
        return STEPS.index(step) if step in STEPS else len(STEPS), item[1].get(ORDER, 0)

    return dict(sorted(properties.items(), key=place))
