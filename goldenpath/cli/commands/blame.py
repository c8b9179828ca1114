"""``goldenpath blame``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.echo import echo_json, echo_lines
from goldenpath.cli.repository_options import fleet_command

if TYPE_CHECKING:
    from goldenpath.cli.repository_options import FleetTarget


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
@click.option("--cluster", metavar="NAME", help="The cluster of the object.")
@fleet_command("text", "json")
def command(
    *, name: str, words: tuple[str, ...], cluster: str | None, target: FleetTarget, output_format: str
) -> None:
    """Show the origin of a value: its source, its author and its date.

    NAME is a tenant, or a workload as TENANT/WORKLOAD. FIELD is a field of its request, or with OBJECT, as KIND/NAME, a
    field of a rendered object.

    The value comes from a line of the request, an override, a default of the fleet, the golden path at its version, or a
    hand edit of the rendered file. The commit is the one that set the value; later commits that only moved or re-formatted
    the line do not count.
    """
    if len(words) > 2:  # noqa: PLR2004 - an object and a field
        raise click.UsageError("Name one OBJECT and one FIELD; quote a field that has spaces.")
    if cluster is not None and len(words) == 1:
        raise click.UsageError("--cluster needs an OBJECT.")
    from goldenpath.blame import blame  # noqa: PLC0415 - `--help` needs none of it

    *objects, field = words
    with target.open() as fleet:
        found = blame(fleet, name, field, of=objects[0] if objects else None, cluster=cluster)
    if output_format == "json":
        echo_json(found.as_dict())
        return
    echo_lines(found.lines())
