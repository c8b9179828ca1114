"""``goldenpath:retire``: a tenant is held, and in a second step deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from goldenpath.errors import InputError
from goldenpath.spec.ref import Ref
from goldenpath_backstage.actions.action import Action, Effort, Example, Input, OwnedName
from goldenpath_backstage.actions.existing_requests import guard_of
from goldenpath_backstage.actions.request_change import (
    ChangeOutput,
    Delivery,
    Message,
    in_dry_run,
    publish_options_of,
    review_of,
    what_was_done,
)
from goldenpath_backstage.auth.permissions import Verb

if TYPE_CHECKING:
    from goldenpath_backstage.actions.action import ActionCall

__all__ = ["RETIRE"]


class RetireInput(Input):
    """Which tenant or workload, and which of the two steps."""

    name: OwnedName
    """The tenant, or a workload as `<tenant>/<workload>`."""
    clusters: Annotated[list[str], Field(max_length=1000)] = Field(default_factory=list)
    """Hold it only on these clusters; on all of its clusters where none is given."""
    delete: bool = False
    """The second step: everything of a tenant that is held goes; a workload goes at once."""
    confirm: str | None = None
    """To delete: the name, once more."""
    delivery: Delivery = "commit"
    """`commit` puts it on the fleet's branch; `pull-request` puts it up for review."""
    message: Message | None = None
    """First words of the commit's message."""


def _retire(asked: RetireInput, call: ActionCall) -> ChangeOutput:
    if asked.delete and asked.confirm != asked.name:
        message = "must be the same as `name`, to say that all of it is meant to go"
        raise InputError.of("confirm", "not-confirmed", message)
    state, ref = call.fleet.state(newest=True), Ref.parse(asked.name)
    review = review_of(call, asked.delivery)
    guard = guard_of(call.caller, ref, asked=None, reviewed=review is not None)
    guard(state)
    options = publish_options_of(call, state.context, guard=guard, message=asked.message)
    repository, clusters = call.fleet.repository, tuple(asked.clusters)
    if call.dry_run:
        proposal = repository.plan_retirement(
            asked.name, clusters=clusters, delete=asked.delete, options=options
        )
        return in_dry_run(proposal, ref, call)
    call.info(f"{'Deleting' if asked.delete else 'Holding'} {asked.name}")
    call.finish()
    published = repository.retire(
        asked.name, clusters=clusters, delete=asked.delete, options=options, review=review
    )
    return what_was_done(published, ref, call)


RETIRE = Action(
    id="goldenpath:retire",
    title="Retire a tenant or workload",
    description=(
        "Takes a tenant out of service in two steps: *hold* stops what is new and drains what runs, and *delete* "
        "removes everything once the clusters have applied the hold. A name that was deleted is never given again. A "
        "workload can be deleted in one step, and its name be used again."
    ),
    input=RetireInput,
    output=ChangeOutput,
    examples=(
        Example("Hold a tenant everywhere", {"name": "vision"}),
        Example("Hold it on one cluster", {"name": "vision", "clusters": ["berlin"]}),
        Example("Delete a workload", {"name": "vision/chat", "delete": True, "confirm": "vision/chat"}),
        Example("Delete a tenant that is held", {"name": "vision", "delete": True, "confirm": "vision"}),
    ),
    effort=Effort.WAITS,
    verb=Verb.CHANGE,
    run=_retire,
)
