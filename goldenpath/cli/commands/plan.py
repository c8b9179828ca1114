"""``goldenpath plan``."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.plan_output import comment_on, exit_code, show_proposal, watching
from goldenpath.cli.repository_options import at_option, open_fleet, read_requests, repository_options

if TYPE_CHECKING:
    from pathlib import Path


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
@repository_options
@at_option
@click.option("--all", "everything", is_flag=True, help="Every tenant and platform in the repository.")
@click.option("--upgrade", is_flag=True, help="With the newest version of each golden path.")
@click.option("--details/--summary", default=None, help="Every object and field, or a line for each tenant.")
@click.option(
    "--comment",
    "page",
    metavar="URL",
    help="Show the plan in a comment of this pull request, too; a later run changes that comment.",
)
@library_option
@format_option("text", "json", "markdown")
@click.pass_context
@in_the_format_asked_for
def command(
    ctx: click.Context,
    *,
    files: tuple[str, ...],
    place: str,
    branch: str | None,
    at: str | None,
    everything: bool,
    upgrade: bool,
    details: bool | None,
    page: str | None,
    libraries: tuple[Path, ...],
    output_format: str,
) -> None:
    """Show what publishing would change, by tenant, cluster and object.

    FILE is a request (`-` reads it from standard input), or the fleet's goldenpath.yaml: that shows what a change of
    it means for every tenant. With --all, what is in the repository is rendered again: nothing changes where nothing
    was edited. Nothing is written.

    Ends with 0 where the plan could be carried out, whether it changes anything or not; with 1 where a check has an
    error; with 2 where something else stands in its way, such as a file that was edited by hand.
    """
    if not files and not everything:
        raise click.UsageError("Name a FILE, or say --all.")
    from goldenpath.fleet import PublishOptions  # noqa: PLC0415 - loads Git, which `--help` does not need

    options = PublishOptions(upgrade=upgrade, today=dt.datetime.now(dt.UTC).date())
    with open_fleet(place, branch, libraries, at=at) as fleet, watching("Planning") as progress:
        requests = read_requests(files, lambda readable: fleet.plan(*readable, options=options))
        proposal = fleet.plan(*requests, everything=everything, options=options, progress=progress)
    if page is not None:
        comment_on(page, proposal, os.environ)
    show_proposal(proposal, output_format, details=details)
    ctx.exit(exit_code(proposal))
