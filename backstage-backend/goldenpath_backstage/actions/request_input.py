"""The input of most actions, a golden path and the values of a form; and its parsing into a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from goldenpath.describe import request_from_form
from goldenpath.fleet.request_lookup import tenants_of
from goldenpath.pipeline import parent_of
from goldenpath.spec.ref import Ref
from goldenpath_backstage.actions.action import Input

if TYPE_CHECKING:
    from goldenpath.fleet.fleet_context import FleetContext
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.pipeline import Parent
    from goldenpath.spec.envelope import Envelope
    from goldenpath_backstage.actions.action import ActionCall

__all__ = ["AcceptedRequest", "Kept", "RequestInput", "accept_document", "accept_request", "form_document"]


Kept = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=40)]
"""Names of sections of a request."""


class RequestInput(Input):
    """A request, as a form's values or as a whole document."""

    golden_path: Annotated[str, Field(max_length=80, examples=["tenant/v1"])]
    """Golden path and its major version."""
    values: dict[str, Any]
    """The values of the form, usually `${{ parameters }}`. Empty values count as absent."""

    @property
    def reads_tenants(self) -> bool:
        """Whether the request is a workload, which is checked against its tenant."""
        return bool(self.values.get("tenant"))


@dataclass(frozen=True, slots=True)
class AcceptedRequest:
    """A valid request, the fleet it is valid for, and a workload's tenant."""

    spec: Envelope
    context: FleetContext
    parent: Parent | None = None

    @property
    def ref(self) -> Ref:
        name = self.spec.name
        return Ref.of_tenant(name) if self.parent is None else Ref.of_workload(self.parent.tenant.name, name)

    @property
    def owner(self) -> str:
        """The group that owns the tenant."""
        return str((self.spec if self.parent is None else self.parent.tenant).owner)


def form_document(asked: RequestInput, context: FleetContext) -> dict[str, Any]:
    """Return the request's document for the values of a form.

    Raises:
        InputError: the library has no such golden path.
    """
    return request_from_form(asked.values, context.library.get(asked.golden_path))


def accept_request(asked: RequestInput, call: ActionCall) -> AcceptedRequest:
    """Parse the request against the fleet, read a few seconds ago at most.

    Raises:
        InputError: with every problem.
        UnavailableError: the repository holds no valid fleet.
    """
    if asked.reads_tenants:
        state = call.fleet.state()
        return accept_document(state, form_document(asked, state.context))
    context = call.context()
    return AcceptedRequest(context.parse(form_document(asked, context), None), context)


def accept_document(state: FleetState, document: dict[str, Any]) -> AcceptedRequest:
    """Parse a request's document against one state of the fleet.

    Raises:
        InputError: with every problem.
    """
    tenants = tenants_of(state)
    spec = state.context.parse(document, None, tenants=tenants)
    return AcceptedRequest(spec, state.context, parent_of(spec, tenants))
