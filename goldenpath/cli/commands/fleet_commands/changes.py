"""``goldenpath fleet changes``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.repository_options import at_option, open_fleet, repository_options
from goldenpath.cli.tables import table

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    name="changes",
    cls=ExampleCommand,
    examples=(
        "goldenpath fleet changes --repo .",
        "goldenpath fleet changes --repo . --of vision --format json",
    ),
)
@click.option(
    "--of", "name", metavar="NAME", help="Only those of this tenant, or workload as <tenant>/<workload>."
)
@repository_options
@at_option
@library_option
@format_option("text", "json")
@in_the_format_asked_for
def command(
    *,
    name: str | None,
    place: str,
    branch: str | None,
    at: str | None,
    libraries: tuple[Path, ...],
    output_format: str,
) -> None:
    """List the change sets: open ones first, then the newest.

    An open change set is on a branch of its own and not on the fleet's branch yet. Another change of the same requests
    is refused until it is merged or its branch is gone.
    """
    from goldenpath.changes import change_sets, change_sets_of  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.fleet.request_lookup import existing  # noqa: PLC0415
    from goldenpath.spec.ref import Ref  # noqa: PLC0415

    with open_fleet(place, branch, libraries, at=at) as fleet:
        state = fleet.state()
        found = (
            tuple(change_sets(fleet, state.snapshot))
            if name is None
            else change_sets_of(fleet, state, existing(state, Ref.parse(name)).ref)
        )
    if output_format == "json":
        document = {"format": "change-sets/v1", "change_sets": [each.as_dict() for each in found]}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo("No change sets.")
        return
    rows = [("CHANGE", "STATE", "DATE", "AUTHOR", "REQUESTS", "REASON")]
    for each in found:
        last = each.commits[-1]
        date, requests = last.written.date().isoformat(), f"{len(each.requests):,}"
        rows.append((each.id, each.state, date, last.author.name, requests, each.reason))
    for line in table(rows, numbers={4}):
        click.echo(line)
