"""Choices of a form that depend on the tenant: a condition for each tenant.

Forms of Backstage have one page for each step. A page knows what was chosen on the pages before it, so a condition may
name a field of another page. A condition only narrows: what it offers is among what the field offers without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.spec.hints import ChosenFrom

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from goldenpath.describe.choices import Choice
    from goldenpath.describe.schema_fields import SpecField

__all__ = ["MOST_TENANTS", "choices_by_tenant"]

MOST_TENANTS: Final = 200
"""The catalog stores a form whole and a browser tries the conditions at each key, so a larger fleet has none."""
_NONE: Final = "This tenant has no accelerators: ask for some in the tenant's own request first."


def choices_by_tenant(fields: Iterable[SpecField], offers: Mapping[str, Sequence[Choice]]) -> dict[str, Any]:
    """``if``, ``then`` and ``else`` of a page: what each tenant is offered.

    Empty where no field depends on the tenant, and for too many tenants. Each ``else`` has the next tenant: forms of
    Backstage merge the branch that holds into the page, and cannot merge the names of choices that an ``allOf`` has.

    Args:
        fields: every field of the page.
        offers: by tenant, the accelerators that it was given.
    """
    asked = [
        field
        for field in fields
        if field.chosen_from is ChosenFrom.ACCELERATORS and all(isinstance(s, str) for s in field.location)
    ]
    owners = {tenant: offered for tenant, offered in offers.items() if offered}
    if not asked or not owners or len(owners) > MOST_TENANTS:
        return {}
    chain: dict[str, Any] = {
        "if": {"required": ["tenant"]},
        "then": _said(asked, {"readOnly": True, "description": _NONE}),
    }
    for tenant, offered in reversed(owners.items()):
        own = {"enum": [each.value for each in offered], "enumNames": [each.title for each in offered]}
        chain = {"if": _tenant_is(tenant), "then": _said(asked, own), "else": chain}
    return chain


def _tenant_is(tenant: str) -> dict[str, Any]:
    """A form names a tenant as the picker gives it, or as a request has it."""
    return {"required": ["tenant"], "properties": {"tenant": {"enum": [f"system:default/{tenant}", tenant]}}}


def _said(fields: Iterable[SpecField], keys: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of fields, inside the objects that they stand in."""
    said: dict[str, Any] = {}
    for field in fields:
        place = said
        for step in field.location:
            place = place.setdefault("properties", {}).setdefault(str(step), {})
        place.update(keys)
    return said
