"""What most actions take: a golden path, and a form's values; and how these become a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from goldenpath.describe import request_from_form
from goldenpath_backstage.actions.action import Input

if TYPE_CHECKING:
    from goldenpath.fleet.fleet_context import FleetContext
    from goldenpath.spec.tenant import Tenant

__all__ = ["Kept", "RequestInput", "document_of", "tenant_of"]


Kept = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=40)]
"""Names of sections of a request."""


class RequestInput(Input):
    """A request, as a form's values or as a whole document."""

    golden_path: Annotated[str, Field(max_length=80, examples=["tenant/v1"])]
    """Golden path and its major version."""
    values: dict[str, Any]
    """What the form was filled in with: usually `${{ parameters }}`. What is empty was not given."""


def document_of(asked: RequestInput, context: FleetContext) -> dict[str, Any]:
    """The request's document.

    Raises:
        InputError: there is no such golden path.
    """
    return request_from_form(asked.values, context.library.get(asked.golden_path))


def tenant_of(asked: RequestInput, context: FleetContext) -> Tenant:
    """The request, held against the fleet.

    Raises:
        InputError: with every problem.
    """
    request: Tenant = context.parse(document_of(asked, context), None)
    return request
