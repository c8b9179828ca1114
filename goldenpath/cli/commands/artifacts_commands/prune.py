"""``goldenpath artifacts prune``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand
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
    help="How many of the newest indexes of each tag stay, with everything that they name.",
)
@click.option("--yes", is_flag=True, help="Remove; without it, only show what would go.")
def command(*, target: ArtifactTarget, keep: int, yes: bool, output_format: str) -> None:
    """Remove artifacts that no index in use names. Without --yes, only show them.

    Kept are the indexes that a tag stands for, the newest --keep indexes that were pushed to each tag, every artifact that
    one of these names, and their signatures. The registry has to allow deletion; it frees the space itself.
    """
    with target.open() as opened:
        from goldenpath.artifacts.pruning import prunable, remove  # noqa: PLC0415 - `--help` needs none of it

        # All of them before the first goes: an index that cannot be read stops everything.
        found = list(prunable(opened.fleet, opened.client, keep=keep, cluster=opened.cluster))
        for each in found:
            if yes:
                remove(opened.client, each)
            if output_format == "text":
                tags = ", ".join(each.tags)
                did = "removed" if yes else "would go"
                click.echo(f"{did}  {opened.client.address.host}/{each.repository}@{each.digest}  ({tags})")
    if output_format == "json":
        document = {
            "format": "artifacts-pruned/v1",
            "registry": opened.registry,
            "removed": yes,
            "artifacts": [each.as_dict() for each in found],
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif not found:
        click.echo("Nothing to remove.")
    elif not yes:
        click.echo(f"{len(found):,} artifacts would go. Remove them with --yes.")
