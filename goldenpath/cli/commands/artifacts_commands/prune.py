"""``goldenpath artifacts prune``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.echo import echo_json
from goldenpath.cli.registry_options import artifact_options

if TYPE_CHECKING:
    from goldenpath.cli.registry_options import ArtifactTarget


@click.command(
    name="prune",
    cls=ExampleCommand,
    examples=(
        "goldenpath artifacts prune --repo .",
        "goldenpath artifacts prune --repo . --keep 50 --yes",
        "goldenpath artifacts prune --repo . --cluster eu-central --format json",
    ),
)
@artifact_options
@click.option(
    "--keep",
    default=20,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="N",
    help="The number of newest indexes of each tag to keep, with everything that they name.",
)
@click.option("--yes", is_flag=True, help="Remove the artifacts. Default: only list them.")
def command(*, target: ArtifactTarget, keep: int, yes: bool, output_format: str) -> None:
    """Remove artifacts that no index in use names. Without --yes, only list them.

    The command keeps the current index of each tag, the newest --keep indexes of each tag, every artifact that one of these
    indexes names, and their signatures. The registry must allow deletion; it frees the space itself.
    """
    with target.open() as opened:
        from goldenpath.artifacts.pruning import prunable, remove  # noqa: PLC0415 - `--help` needs none of it

        # Find all before the first removal: an index that cannot be read must stop every removal.
        found = list(prunable(opened.fleet, opened.client, keep=keep, cluster=opened.cluster))
        for each in found:
            if yes:
                remove(opened.client, each)
            if output_format == "text":
                tags = ", ".join(each.tags)
                action = "removed" if yes else "would be removed"
                click.echo(
                    f"{action}  {opened.client.address.host}/{each.repository}@{each.digest}  ({tags})"
                )
    if output_format == "json":
        document = {
            "format": "artifacts-pruned/v1",
            "registry": opened.registry,
            "removed": yes,
            "artifacts": [each.as_dict() for each in found],
        }
        echo_json(document)
    elif not found:
        click.echo("Nothing to remove.")
    elif not yes:
        click.echo(f"{len(found):,} artifacts would be removed. Remove them with --yes.")
