"""Choices of a form that depend on the chosen tenant, as one condition for each tenant.

A Backstage form has one page for each step. A condition may name a field of an earlier page. A condition only narrows the
choices of a field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.describe.form import offered_values
from goldenpath.spec.hints import ChosenFrom

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from goldenpath.describe.choices import Choice
    from goldenpath.describe.schema_fields import SpecField

__all__ = ["MOST_TENANTS", "choices_by_tenant"]

MOST_TENANTS: Final = 200
"""Most tenants with conditions. The catalog stores the whole form, and a browser evaluates every condition at each key press."""
_NO_ACCELERATORS: Final = "This tenant has no accelerators: ask for some in the tenant's own request first."


def choices_by_tenant(fields: Iterable[SpecField], offers: Mapping[str, Sequence[Choice]]) -> dict[str, Any]:
    """Return ``if``, ``then`` and ``else`` of a page, with the accelerators of each tenant.

    The result is empty where no field of the page depends on the tenant, and for too many tenants. Each ``else`` has the
    condition of the next tenant. Backstage cannot merge the names of choices from an ``allOf``.
    """
    narrowed = [
        field
        for field in fields
        if field.chosen_from is ChosenFrom.ACCELERATORS and all(isinstance(s, str) for s in field.location)
    ]
    owners = {tenant: offered for tenant, offered in offers.items() if offered}
    if not narrowed or not owners or len(owners) > MOST_TENANTS:
        return {}
    chain: dict[str, Any] = {
        "if": {"required": ["tenant"]},
        "then": _with_keys(narrowed, {"readOnly": True, "description": _NO_ACCELERATORS}),
    }
    for tenant, offered in reversed(owners.items()):
        chain = {
            "if": _tenant_is(tenant),
            "then": _with_keys(narrowed, offered_values(offered)),
            "else": chain,
        }
    return chain


def _tenant_is(tenant: str) -> dict[str, Any]:
    """Match a tenant by the entity reference of the picker, or by the name in a request."""
    return {"required": ["tenant"], "properties": {"tenant": {"enum": [f"system:default/{tenant}", tenant]}}}


def _with_keys(fields: Iterable[SpecField], keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema that adds keys to fields, inside the objects around them."""
    schema: dict[str, Any] = {}
    for field in fields:
        place = schema
        for step in field.location:
            place = place.setdefault("properties", {}).setdefault(str(step), {})
        place.update(keys)
    return schema
