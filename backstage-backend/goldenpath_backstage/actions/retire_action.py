"""``goldenpath:retire``: holds a tenant, and deletes it in a second step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from goldenpath.errors import InputError
from goldenpath.spec.ref import Ref
from goldenpath_backstage.actions.action import Action, Effort, Example, Input, OwnedName
from goldenpath_backstage.actions.existing_requests import change_guard
from goldenpath_backstage.actions.request_change import (
    ChangeOutput,
    Delivery,
    Message,
    deliver,
    publish_options,
    review_of,
)
from goldenpath_backstage.auth.permissions import Verb

if TYPE_CHECKING:
    from goldenpath_backstage.actions.action import ActionCall

__all__ = ["RETIRE"]


class RetireInput(Input):
    """The tenant or workload, and the step."""

    name: OwnedName
    """The tenant, or a workload as `<tenant>/<workload>`."""
    clusters: Annotated[list[str], Field(max_length=1000)] = Field(default_factory=list)
    """Hold it only on these clusters; by default on all of its clusters."""
    delete: bool = False
    """The second step: delete everything of a held tenant, or a workload at once."""
    confirm: str | None = None
    """With `delete`: the name again."""
    delivery: Delivery = "commit"
    """`commit` writes to the fleet's branch; `pull-request` opens a review."""
    message: Message | None = None
    """The start of the commit message; by default a generated sentence."""


def _retire(inputs: RetireInput, call: ActionCall) -> ChangeOutput:
    if inputs.delete and inputs.confirm != inputs.name:
        message = "does not match `name`; repeat the name to confirm the deletion"
        raise InputError.of("confirm", "not-confirmed", message)
    state, ref = call.fleet.state(newest=True), Ref.parse(inputs.name)
    review = review_of(call, inputs.delivery)
    guard = change_guard(call.caller, ref, wanted=None, reviewed=review is not None)
    guard(state)
    options = publish_options(call, state.context, guard=guard, message=inputs.message)
    repository, clusters = call.fleet.repository, tuple(inputs.clusters)
    return deliver(
        ref,
        call,
        message=f"{'Deleting' if inputs.delete else 'Holding'} {inputs.name}",
        propose=lambda: repository.plan_retirement(
            inputs.name, clusters=clusters, delete=inputs.delete, options=options
        ),
        publish=lambda: repository.retire(
            inputs.name, clusters=clusters, delete=inputs.delete, options=options, review=review
        ),
    )


RETIRE = Action(
    id="goldenpath:retire",
    title="Retire a tenant or workload",
    description=(
        "Takes a tenant out of service in two steps: *hold* stops new work and drains running work, and *delete* "
        "removes everything once the clusters have applied the hold. The name of a deleted tenant is never used again. A "
        "workload can be deleted in one step, and its name can be used again."
    ),
    input=RetireInput,
    output=ChangeOutput,
    examples=(
        Example("Hold a tenant everywhere", {"name": "vision"}),
        Example("Hold a tenant on one cluster", {"name": "vision", "clusters": ["berlin"]}),
        Example("Delete a workload", {"name": "vision/chat", "delete": True, "confirm": "vision/chat"}),
        Example("Delete a held tenant", {"name": "vision", "delete": True, "confirm": "vision"}),
    ),
    effort=Effort.WAITS,
    verb=Verb.CHANGE,
    run=_retire,
)
