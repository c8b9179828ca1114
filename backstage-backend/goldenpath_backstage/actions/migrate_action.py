"""``goldenpath:migrate``: a request moves to another major version of its golden path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.fleet import Submission
from goldenpath.fleet.request_lookup import existing, request_of
from goldenpath.spec.ref import Ref
from goldenpath.spec.types import GoldenPathName  # noqa: TC001 - pydantic reads it
from goldenpath.upgrades.migrations import migrate
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

__all__ = ["MIGRATE"]


class MigrateInput(Input):
    """The request, and the new major version."""

    name: OwnedName
    """The tenant, or a workload as `<tenant>/<workload>`."""
    to: GoldenPathName
    """Golden path and its new major version, such as `tenant/v2`."""
    delivery: Delivery = "pull-request"
    """`pull-request` opens a review; `commit` writes to the fleet's branch."""
    message: Message | None = None
    """The start of the commit message; by default a generated sentence."""


def _migrate(inputs: MigrateInput, call: ActionCall) -> ChangeOutput:
    state, ref = call.fleet.state(newest=True), Ref.parse(inputs.name)
    path, text = request_of(state, existing(state, ref))
    migrated = migrate(text, inputs.to, state.context.library, path)
    for finding in migrated.findings:
        call.warn(f"{finding.field}: {finding.message} {finding.fix}")
    document = kubeyaml.load(migrated.text, name=path, written=True)
    review = review_of(call, inputs.delivery)
    guard = change_guard(call.caller, ref, wanted=document, reviewed=review is not None)
    guard(state)
    request = Submission(document, migrated.text, path)
    options = publish_options(call, state.context, guard=guard, message=inputs.message)
    repository = call.fleet.repository
    return deliver(
        ref,
        call,
        message=f"Migrating {inputs.name} to {inputs.to}",
        propose=lambda: repository.propose(state, request, options=options),
        publish=lambda: repository.publish(request, options=options, review=review),
    )


MIGRATE = Action(
    id="goldenpath:migrate",
    title="Migrate a request to a new major version",
    description=(
        "Changes a request by the migration steps of the new major version: fields are renamed, moved, given a default, or "
        "dropped with a finding. Comments stay. The result is checked and published like any request."
    ),
    input=MigrateInput,
    output=ChangeOutput,
    examples=(
        Example("Migrate to the next major version, by pull request", {"name": "vision", "to": "tenant/v2"}),
    ),
    effort=Effort.WAITS,
    verb=Verb.CHANGE,
    run=_migrate,
)
