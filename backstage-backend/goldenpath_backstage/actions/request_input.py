"""The input of most actions, a golden path and the values of a form, and its way to a request."""

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

__all__ = ["AcceptedRequest", "Kept", "RequestInput", "accepted", "accepted_in", "document_of"]


Kept = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=40)]
"""Names of sections of a request."""


class RequestInput(Input):
    """A request, as a form's values or as a whole document."""

    golden_path: Annotated[str, Field(max_length=80, examples=["tenant/v1"])]
    """Golden path and its major version."""
    values: dict[str, Any]
    """What the form was filled in with: usually `${{ parameters }}`. What is empty was not given."""

    @property
    def reads_tenants(self) -> bool:
        """A workload is held against its tenant."""
        return bool(self.values.get("tenant"))


@dataclass(frozen=True, slots=True)
class AcceptedRequest:
    """A request, the fleet that it was held against, and a workload's tenant."""

    spec: Envelope
    context: FleetContext
    parent: Parent | None = None

    @property
    def ref(self) -> Ref:
        """What it is."""
        name = self.spec.name
        return Ref.of_tenant(name) if self.parent is None else Ref.of_workload(self.parent.tenant.name, name)

    @property
    def owner(self) -> str:
        """The group that owns the tenant."""
        return str((self.spec if self.parent is None else self.parent.tenant).owner)


def document_of(asked: RequestInput, context: FleetContext) -> dict[str, Any]:
    """The request's document.

    Raises:
        InputError: there is no such golden path.
    """
    return request_from_form(asked.values, context.library.get(asked.golden_path))


def accepted(asked: RequestInput, call: ActionCall) -> AcceptedRequest:
    """The request, held against the fleet as it was a few seconds ago at most.

    Raises:
        InputError: with every problem.
        UnavailableError: the repository holds no fleet that can be used.
    """
    if asked.reads_tenants:
        state = call.fleet.state()
        return accepted_in(state, document_of(asked, state.context))
    context = call.context()
    return AcceptedRequest(context.parse(document_of(asked, context), None), context)


def accepted_in(state: FleetState, document: dict[str, Any]) -> AcceptedRequest:
    """A request's document, held against one state of the fleet.

    Raises:
        InputError: with every problem.
    """
    tenants = tenants_of(state)
    spec = state.context.parse(document, None, tenants=tenants)
    return AcceptedRequest(spec, state.context, parent_of(spec, tenants))
