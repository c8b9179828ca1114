"""``goldenpath:migrate``: a request becomes one of another major version of its golden path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.fleet import Submission
from goldenpath.fleet.request_lookup import existing, request_of
from goldenpath.spec.ref import Ref
from goldenpath.spec.types import GoldenPathName  # noqa: TC001 - pydantic reads it
from goldenpath.upgrades.migrations import migrate
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

__all__ = ["MIGRATE"]


class MigrateInput(Input):
    """Whose request, and the new major version."""

    name: OwnedName
    """The tenant, or a workload as `<tenant>/<workload>`."""
    to: GoldenPathName
    """Golden path and its new major version, such as `tenant/v2`."""
    delivery: Delivery = "pull-request"
    """`pull-request` puts it up for review; `commit` puts it on the fleet's branch."""
    message: Message | None = None
    """First words of the commit's message."""


def _migrate(asked: MigrateInput, call: ActionCall) -> ChangeOutput:
    state, ref = call.fleet.state(newest=True), Ref.parse(asked.name)
    path, text = request_of(state, existing(state, ref))
    migrated = migrate(text, asked.to, state.context.library, path)
    for finding in migrated.findings:
        call.warn(f"{finding.field}: {finding.message} {finding.fix}")
    document = kubeyaml.load(migrated.text, name=path, written=True)
    review = review_of(call, asked.delivery)
    guard = guard_of(call.caller, ref, asked=document, reviewed=review is not None)
    guard(state)
    request = Submission(document, migrated.text, path)
    options = publish_options_of(call, state.context, guard=guard, message=asked.message)
    if call.dry_run:
        return in_dry_run(call.fleet.repository.propose(state, request, options=options), ref, call)
    call.finish()
    published = call.fleet.repository.publish(request, options=options, review=review)
    return what_was_done(published, ref, call)


MIGRATE = Action(
    id="goldenpath:migrate",
    title="Bring a request to a new major version",
    description=(
        "Changes a request by the steps that the new major version's golden path has: fields are renamed, moved, given a "
        "default, or dropped with a finding. Comments stay. The result is checked and published as any request."
    ),
    input=MigrateInput,
    output=ChangeOutput,
    examples=(Example("To the next major version, up for review", {"name": "vision", "to": "tenant/v2"}),),
    effort=Effort.WAITS,
    verb=Verb.CHANGE,
    run=_migrate,
)
