"""``goldenpath plan``."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.plan_output import comment_on, exit_code, show_proposal, watching
from goldenpath.cli.repository_options import fleet_command, read_requests

if TYPE_CHECKING:
    from goldenpath.cli.repository_options import FleetTarget


@click.command(
    name="plan",
    cls=ExampleCommand,
    examples=(
        "goldenpath plan vision.yaml --repo .",
        "goldenpath plan goldenpath.yaml --repo https://git.example.org/platform/fleet.git",
        "goldenpath plan --all --at HEAD --comment https://github.com/example/fleet/pull/12",
    ),
)
@click.argument("files", nargs=-1, metavar="[FILE...]", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--all", "everything", is_flag=True, help="Every tenant and platform in the repository.")
@click.option("--upgrade", is_flag=True, help="Use the newest version of each golden path.")
@click.option(
    "--details/--summary", default=None, help="Show every object and field, or a line for each tenant."
)
@click.option(
    "--comment",
    "page",
    metavar="URL",
    help="Also write the plan into a comment of this pull request; a later run updates the comment.",
)
@click.pass_context
@fleet_command("text", "json", "markdown")
def command(
    ctx: click.Context,
    *,
    files: tuple[str, ...],
    target: FleetTarget,
    everything: bool,
    upgrade: bool,
    details: bool | None,
    page: str | None,
    output_format: str,
) -> None:
    """Show what a publish would change, by tenant, cluster and object.

    FILE is a request (`-` reads it from standard input), or the fleet's goldenpath.yaml, whose plan covers every tenant.
    With --all, the plan renders the whole repository again; it is empty if nothing was edited. Nothing is written.

    Exit code 0: the plan can be published, with or without changes. 1: a check has an error. 2: another problem blocks the
    plan, such as a file that was edited by hand.
    """
    if not files and not everything:
        raise click.UsageError("Name a FILE, or give --all.")
    from goldenpath.fleet import PublishOptions  # noqa: PLC0415 - loads Git, which `--help` does not need

    options = PublishOptions(upgrade=upgrade, today=dt.datetime.now(dt.UTC).date())
    with target.open() as fleet, watching("Planning") as progress:
        requests = read_requests(files, lambda readable: fleet.plan(*readable, options=options))
        proposal = fleet.plan(*requests, everything=everything, options=options, progress=progress)
    if page is not None:
        comment_on(page, proposal, os.environ)
    show_proposal(proposal, output_format, details=details)
    ctx.exit(exit_code(proposal))
