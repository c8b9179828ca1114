"""``goldenpath fleet changes``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.echo import echo_json, echo_lines
from goldenpath.cli.repository_options import fleet_command
from goldenpath.cli.tables import table

if TYPE_CHECKING:
    from goldenpath.cli.repository_options import FleetTarget


@click.command(
    name="changes",
    cls=ExampleCommand,
    examples=(
        "goldenpath fleet changes --repo .",
        "goldenpath fleet changes --repo . --of vision --format json",
    ),
)
@click.option(
    "--of",
    "name",
    metavar="NAME",
    help="Only change sets of this tenant, or workload as <tenant>/<workload>.",
)
@fleet_command("text", "json")
def command(*, name: str | None, target: FleetTarget, output_format: str) -> None:
    """List the change sets: open ones first, then the newest.

    An open change set is on a branch of its own and not yet on the fleet's branch. It blocks other changes of its
    requests until it is merged or its branch is deleted.
    """
    from goldenpath.changes import change_sets, change_sets_of  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.fleet.request_lookup import existing  # noqa: PLC0415
    from goldenpath.spec.ref import Ref  # noqa: PLC0415

    with target.open() as fleet:
        state = fleet.state()
        found = (
            tuple(change_sets(fleet, state.snapshot))
            if name is None
            else change_sets_of(fleet, state, existing(state, Ref.parse(name)).ref)
        )
    if output_format == "json":
        document = {"format": "change-sets/v1", "change_sets": [each.as_dict() for each in found]}
        echo_json(document)
        return
    if not found:
        click.echo("No change sets.")
        return
    rows = [("CHANGE", "STATE", "DATE", "AUTHOR", "REQUESTS", "REASON")]
    for each in found:
        last = each.commits[-1]
        date, requests = last.written.date().isoformat(), f"{len(each.requests):,}"
        rows.append((each.id, each.state, date, last.author.name, requests, each.reason))
    echo_lines(table(rows, numbers={4}))
