"""``goldenpath:upgrade``: a tenant or workload moves to another version of its golden path and keeps hand edits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from goldenpath.spec.ref import Ref
from goldenpath.spec.types import (  # noqa: TC001 - pydantic reads them
    Date,
    ExactVersion,
    GoldenPathName,
)
from goldenpath.upgrades import Agreement, Upgrader
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

__all__ = ["UPGRADE"]


class UpgradeInput(Input):
    """The tenant or workload, and the treatment of hand edits."""

    goldenPath: GoldenPathName  # noqa: N815 - as Backstage writes names
    """Golden path and its major version, such as `tenant/v1`."""
    name: OwnedName
    """The tenant, or a workload as `<tenant>/<workload>`."""
    to: ExactVersion | None = None
    """Exact version; by default the one that the fleet pins, or else the newest of the major version."""
    approvedBy: Annotated[str, Field(max_length=200)] | None = None  # noqa: N815 - the same
    """Who approved hand edits as overrides of the request."""
    reason: Annotated[str, Field(max_length=500)] | None = None
    """The reason for these overrides."""
    expires: Date | None = None
    """The day on which these overrides expire."""
    keepOverrides: bool = False  # noqa: N815 - the same
    """Keep overrides of the request even if the new version changes the same field."""
    delivery: Delivery = "pull-request"
    """`pull-request` opens a review; `commit` writes to the fleet's branch."""
    message: Message | None = None
    """The start of the commit message; by default a generated sentence."""


def _upgrade(inputs: UpgradeInput, call: ActionCall) -> ChangeOutput:
    state, ref = call.fleet.state(newest=True), Ref.parse(inputs.name)
    review = review_of(call, inputs.delivery)
    change_guard(call.caller, ref, wanted=None, reviewed=review is not None)(state)
    upgrader = Upgrader(
        call.fleet.repository,
        inputs.goldenPath,
        to=inputs.to,
        agreement=Agreement.of(inputs.approvedBy, inputs.reason, inputs.expires),
        keep_overrides=inputs.keepOverrides,
        today=call.today,
    )
    upgrade = upgrader.one(inputs.name)
    for edit in upgrade.edits:
        call.info(f"{edit.verdict}: {edit.object} {edit.judged.edit.place} in {edit.file}")
    # A hand edit that becomes an override needs the right to lift guard rails.
    document = None if upgrade.request is None else upgrade.request.document
    guard = change_guard(call.caller, ref, wanted=document, reviewed=review is not None)
    guard(state)
    options = publish_options(call, state.context, guard=guard, message=inputs.message)
    return deliver(
        ref,
        call,
        message=f"Upgrading {inputs.name} to {inputs.goldenPath} {upgrader.version}",
        propose=lambda: upgrader.propose(state, [ref], options),
        publish=lambda: upgrader.publish([inputs.name], options=options, review=review),
    )


UPGRADE = Action(
    id="goldenpath:upgrade",
    title="Upgrade a tenant or workload",
    description=(
        "Renders a tenant or workload with another version of its golden path. A hand edit of a rendered file becomes an "
        "override of the request, with approver, reason and expiry date. If the new version contradicts an edit, the "
        "action shows both values and writes nothing."
    ),
    input=UpgradeInput,
    output=ChangeOutput,
    examples=(
        Example(
            "Upgrade to the newest version, by pull request", {"goldenPath": "tenant/v1", "name": "vision"}
        ),
        Example(
            "Upgrade and keep the hand edits",
            {
                "goldenPath": "tenant/v1",
                "name": "vision",
                "approvedBy": "platform-team",
                "reason": "Notebooks need more",
                "expires": "2027-06-30",
            },
        ),
    ),
    effort=Effort.WAITS,
    verb=Verb.CHANGE,
    run=_upgrade,
)
