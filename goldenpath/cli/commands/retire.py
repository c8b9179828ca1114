"""``goldenpath retire``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.commit_options import (
    change_options,
    publish_options_of,
    review_of,
    review_options,
    show_published,
)
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.plan_output import exit_code, show_proposal
from goldenpath.cli.repository_options import open_fleet, repository_options

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    name="retire",
    cls=ExampleCommand,
    examples=(
        "goldenpath retire vision --repo . --dry-run",
        "goldenpath retire vision --repo .",
        "goldenpath retire vision --repo . --delete",
        "goldenpath retire vision/chat --repo . --delete",
    ),
)
@click.argument("name", metavar="NAME")
@repository_options
@click.option(
    "--cluster", "clusters", multiple=True, metavar="NAME", help="Hold it only there; may be given again."
)
@click.option("--delete", is_flag=True, help="The second step: remove a tenant that is held, or a workload.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and write nothing.")
@review_options
@change_options
@library_option
@format_option("text", "json")
@click.pass_context
@in_the_format_asked_for
def command(
    ctx: click.Context,
    /,
    *,
    name: str,
    place: str,
    branch: str | None,
    clusters: tuple[str, ...],
    delete: bool,
    dry_run: bool,
    libraries: tuple[Path, ...],
    output_format: str,
    **said: object,
) -> None:
    """Take a tenant or workload out of service in two steps: hold, and then delete.

    NAME is a tenant, or a workload as TENANT/WORKLOAD.

    The first commit holds it: its queue drains, its quotas are 0, and Flux removes what it made of the team's own
    repository, volumes too. With --delete, and only when Flux has applied the hold, the second removes the rest, the
    namespace last. A record of the name stays: no other tenant may take it.

    A workload that is held leaves its clusters, and its request stays. --delete removes it in one step, and its name
    can be used again.
    """
    if delete and clusters:
        raise click.UsageError(
            "--delete removes the whole tenant or workload; to leave one cluster, hold it there and then drop it from the request."
        )
    options = publish_options_of(said)
    with open_fleet(place, branch, libraries) as fleet:
        where = fleet.store.place  # a URL in it has no password
        if dry_run:
            proposal = fleet.plan_retirement(name, clusters=clusters, delete=delete, options=options)
        else:
            published = fleet.retire(
                name,
                clusters=clusters,
                delete=delete,
                options=options,
                review=review_of(fleet, said),
            )
    if dry_run:
        show_proposal(proposal, output_format)
        ctx.exit(exit_code(proposal))
    show_published(published, output_format)
    if output_format == "text" and published.commit and not delete:
        click.echo(f"When Flux has applied it: goldenpath retire {name} --repo {where} --delete", err=True)
