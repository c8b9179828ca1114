"""``goldenpath:upgrade``: a tenant or workload gets another version of its golden path, and keeps its hand edits."""

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

__all__ = ["UPGRADE"]


class UpgradeInput(Input):
    """Whom to upgrade, and what becomes of hand edits."""

    goldenPath: GoldenPathName  # noqa: N815 - as Backstage writes names
    """Golden path and its major version, such as `tenant/v1`."""
    name: OwnedName
    """The tenant, or a workload as `<tenant>/<workload>`."""
    to: ExactVersion | None = None
    """Exact version; otherwise the one that the fleet pins, or the newest of the major version."""
    approvedBy: Annotated[str, Field(max_length=200)] | None = None  # noqa: N815 - the same
    """Who agreed that hand edits stay, as overrides of the request."""
    reason: Annotated[str, Field(max_length=500)] | None = None
    """Why they stay."""
    expires: Date | None = None
    """Until when they stay."""
    keepOverrides: bool = False  # noqa: N815 - the same
    """Keep overrides of the request also where the new version changes the same field."""
    delivery: Delivery = "pull-request"
    """`pull-request` puts it up for review; `commit` puts it on the fleet's branch."""
    message: Message | None = None
    """First words of the commit's message."""


def _upgrade(asked: UpgradeInput, call: ActionCall) -> ChangeOutput:
    state, ref = call.fleet.state(newest=True), Ref.parse(asked.name)
    review = review_of(call, asked.delivery)
    guard_of(call.caller, ref, asked=None, reviewed=review is not None)(state)
    today = publish_options_of(call, state.context, guard=lambda _: None).today
    upgrader = Upgrader(
        call.fleet.repository,
        asked.goldenPath,
        to=asked.to,
        agreement=Agreement.of(asked.approvedBy, asked.reason, asked.expires),
        keep_overrides=asked.keepOverrides,
        today=today,
    )
    upgrade = upgrader.one(asked.name)
    for edit in upgrade.edits:
        call.info(f"{edit.verdict}: {edit.object} {edit.judged.edit.place} in {edit.file}")
    # An edit that becomes an override is one that the caller must be allowed to ask for.
    document = None if upgrade.request is None else upgrade.request.document
    guard = guard_of(call.caller, ref, asked=document, reviewed=review is not None)
    guard(state)
    options = publish_options_of(call, state.context, guard=guard, message=asked.message)
    if call.dry_run:
        return in_dry_run(upgrader.propose(state, [ref], options), ref, call)
    call.info(f"Upgrading {asked.name} to {asked.goldenPath} {upgrader.version}")
    call.finish()
    published = upgrader.publish([asked.name], options=options, review=review)
    return what_was_done(published, ref, call)


UPGRADE = Action(
    id="goldenpath:upgrade",
    title="Upgrade a tenant or workload",
    description=(
        "Renders a tenant or workload with another version of its golden path. What was edited by hand in rendered "
        "files becomes an override of the request, with who agreed, why and until when; an edit that the new version "
        "contradicts is shown with both values, and nothing is written."
    ),
    input=UpgradeInput,
    output=ChangeOutput,
    examples=(
        Example("To the newest version, up for review", {"goldenPath": "tenant/v1", "name": "vision"}),
        Example(
            "With the hand edits that are there",
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
