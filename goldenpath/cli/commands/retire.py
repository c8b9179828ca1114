"""``goldenpath retire``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, repeatable_option
from goldenpath.cli.commit_options import (
    change_options,
    dry_run_option,
    publish_options_of,
    review_of,
    review_options,
    show_published,
)
from goldenpath.cli.plan_output import exit_code, show_proposal
from goldenpath.cli.repository_options import fleet_command

if TYPE_CHECKING:
    from goldenpath.cli.repository_options import FleetTarget


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
@repeatable_option("--cluster", "clusters", metavar="NAME", help="Hold it only on this cluster")
@click.option("--delete", is_flag=True, help="The second step: remove a held tenant, or a workload.")
@dry_run_option
@review_options
@change_options
@click.pass_context
@fleet_command("text", "json", has_at=False)
def command(
    ctx: click.Context,
    /,
    *,
    name: str,
    target: FleetTarget,
    clusters: tuple[str, ...],
    delete: bool,
    dry_run: bool,
    output_format: str,
    **given: object,
) -> None:
    """Take a tenant or workload out of service in two steps: hold, and then delete.

    NAME is a tenant, or a workload as TENANT/WORKLOAD.

    The first commit holds the tenant: its queue drains, its quotas are 0, and Flux removes the objects of the team's own
    repository, with their volumes. After Flux has applied the hold, --delete makes a second commit, which removes the rest,
    the namespace last. A record of the name stays, so that no other tenant can take it.

    A held workload leaves its clusters, and its request stays. --delete removes a workload in one step, and its name can be
    used again.
    """
    if delete and clusters:
        raise click.UsageError(
            "--delete removes the whole tenant or workload; to leave one cluster, hold it there, then remove the cluster from the request."
        )
    options = publish_options_of(given)
    with target.open() as fleet:
        where = fleet.store.place  # without the password of a URL
        if dry_run:
            proposal = fleet.plan_retirement(name, clusters=clusters, delete=delete, options=options)
        else:
            published = fleet.retire(
                name,
                clusters=clusters,
                delete=delete,
                options=options,
                review=review_of(fleet, given),
            )
    if dry_run:
        show_proposal(proposal, output_format)
        ctx.exit(exit_code(proposal))
    show_published(published, output_format)
    if output_format == "text" and published.commit and not delete:
        click.echo(
            f"After Flux has applied the hold: goldenpath retire {name} --repo {where} --delete", err=True
        )
