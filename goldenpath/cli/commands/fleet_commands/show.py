"""``goldenpath fleet show``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.repository_options import at_option, open_fleet, repository_options

if TYPE_CHECKING:
    from pathlib import Path


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
@repository_options
@at_option
@click.option(
    "--request", "request_only", is_flag=True, help="Only the request, as it was asked: to edit and publish."
)
@library_option
@format_option("text", "json")
@in_the_format_asked_for
def command(
    *,
    name: str,
    place: str,
    branch: str | None,
    at: str | None,
    request_only: bool,
    libraries: tuple[Path, ...],
    output_format: str,
) -> None:
    """Show what a tenant or workload asks for and has: its request, version, files, and the last commits about it.

    NAME is a tenant, or a workload as TENANT/WORKLOAD.
    """
    with open_fleet(place, branch, libraries, at=at) as fleet:
        detail = fleet.tenant(name)
    if request_only:
        click.echo(detail.request, nl=False)
    elif output_format == "json":
        click.echo(json.dumps(detail.as_dict(), indent=2, ensure_ascii=False))
    else:
        for label, value in detail.as_rows():
            click.echo(f"{click.style(f'{label:<14}', bold=True)}{value}")
        click.echo(f"\n{detail.request}", nl=False)
