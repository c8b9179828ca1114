"""Hints on fields: what a form, a prompt or a table should know of a field beyond its type.

A field carries its own hints. They travel in the JSON Schema, as ``x-goldenpath-…``; everything that asks people for a
request reads them there, and knows no field by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import Field

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CHOICES", "LAST_STEP", "ORDER", "PREFIX", "STEP", "STEPS", "hint", "in_order"]

PREFIX: Final = "x-goldenpath-"
STEP: Final = f"{PREFIX}step"
ORDER: Final = f"{PREFIX}order"
CHOICES: Final = f"{PREFIX}choices"

STEPS: Final = (
    "Who",
    "Where",
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


def hint(*, step: str = "", order: int = 0, choices: str = "") -> Any:
    """A field's hints, for ``Annotated``.

    Args:
        step: the step of the form, one of :data:`STEPS`.
        order: its place among the fields of its step; fields of one place stand as they are declared.
        choices: what it is chosen from: ``clusters``, ``regions``, ``tenants``, ``models``,
            ``accelerators``.
    """
    said: dict[str, Any] = {STEP: step, ORDER: order, CHOICES: choices}
    return Field(json_schema_extra={key: value for key, value in said.items() if value})


def in_order(properties: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The properties of a schema in the order in which people are asked for them."""

    def place(item: tuple[str, dict[str, Any]]) -> tuple[int, int]:
        step = item[1].get(STEP, LAST_STEP)
        return STEPS.index(step) if step in STEPS else len(STEPS), item[1].get(ORDER, 0)

    return dict(sorted(properties.items(), key=place))
