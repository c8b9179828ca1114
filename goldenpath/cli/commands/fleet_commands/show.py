"""``goldenpath fleet show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.echo import echo_json
from goldenpath.cli.repository_options import fleet_command

if TYPE_CHECKING:
    from goldenpath.cli.repository_options import FleetTarget


@click.command(
    name="show",
    cls=ExampleCommand,
    examples=(
        "goldenpath fleet show vision --repo .",
        "goldenpath fleet show vision/chat --repo .",
        "goldenpath fleet show vision --repo . --request > vision.yaml",
    ),
)
@click.argument("name", metavar="NAME")
@click.option(
    "--request", "request_only", is_flag=True, help="Print only the request, to edit and publish it."
)
@fleet_command("text", "json")
def command(*, name: str, target: FleetTarget, request_only: bool, output_format: str) -> None:
    """Show the request of a tenant or workload, its version, files and last commits.

    NAME is a tenant, or a workload as TENANT/WORKLOAD.
    """
    with target.open() as fleet:
        detail = fleet.tenant(name)
    if request_only:
        click.echo(detail.request, nl=False)
    elif output_format == "json":
        echo_json(detail.as_dict())
    else:
        for label, value in detail.as_rows():
            click.echo(f"{click.style(f'{label:<14}', bold=True)}{value}")
        click.echo(f"\n{detail.request}", nl=False)
