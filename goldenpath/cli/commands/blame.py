"""``goldenpath blame``."""

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
    name="blame",
    cls=ExampleCommand,
    examples=(
        "goldenpath blame vision compute.memory --repo .",
        "goldenpath blame vision 'gpus[profile=nvidia-h100-80gb].quota' --repo .",
        "goldenpath blame vision ResourceQuota/vision-compute spec.hard.pods --repo .",
        "goldenpath blame vision Namespace/vision 'metadata.labels[goldenpath.dev/environment]' --repo . --format json",
    ),
)
@click.argument("name", metavar="NAME")
@click.argument("words", nargs=-1, required=True, metavar="[OBJECT] FIELD")
@click.option("--cluster", metavar="NAME", help="The object on this cluster.")
@repository_options
@at_option
@library_option
@format_option("text", "json")
@in_the_format_asked_for
def command(
    *,
    name: str,
    words: tuple[str, ...],
    cluster: str | None,
    place: str,
    branch: str | None,
    at: str | None,
    libraries: tuple[Path, ...],
    output_format: str,
) -> None:
    """Show where a value comes from, who set it, and since when.

    NAME is a tenant, or a workload as TENANT/WORKLOAD. FIELD is a field of its request. With OBJECT, as KIND/NAME, it is
    a field of an object that is rendered for it.

    The value comes from a line of the request, an override, a default of the fleet, or the golden path at its version;
    or a person edited the rendered file. The commit is the one that gave the value, whatever moved or re-formatted the
    line since.
    """
    if len(words) > 2:  # noqa: PLR2004 - an object and a field
        raise click.UsageError("Name one OBJECT and one FIELD; quote a field that has spaces.")
    if cluster is not None and len(words) == 1:
        raise click.UsageError("--cluster needs an OBJECT.")
    from goldenpath.blame import blame  # noqa: PLC0415 - `--help` needs none of it

    *objects, field = words
    with open_fleet(place, branch, libraries, at=at) as fleet:
        found = blame(fleet, name, field, of=objects[0] if objects else None, cluster=cluster)
    if output_format == "json":
        click.echo(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
        return
    for line in found.lines():
        click.echo(line)
