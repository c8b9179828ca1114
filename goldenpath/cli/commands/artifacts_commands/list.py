"""``goldenpath artifacts list``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.registry_options import open_registry, registry_options
from goldenpath.cli.repository_options import at_option, open_fleet, repository_options
from goldenpath.cli.tables import table

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    name="list",
    cls=ExampleCommand,
    examples=(
        "goldenpath artifacts list --repo . --registry oci://registry.example.org/fleet",
        "goldenpath artifacts list --repo . --registry oci://registry.example.org/fleet --cluster eu-central --format json",
    ),
)
@repository_options
@at_option
@registry_options
@library_option
@format_option("text", "json")
@in_the_format_asked_for
def command(
    *,
    place: str,
    branch: str | None,
    at: str | None,
    registry: str,
    cluster: str | None,
    tag: str,
    libraries: tuple[Path, ...],
    output_format: str,
) -> None:
    """Compare the artifacts of a commit with those in a registry.

    An artifact is current where the tag stands for the digest that follows from the commit, stale where it stands for
    another one, and absent where there is no such tag. Signatures are not looked at: `goldenpath artifacts verify` does
    that. Artifacts of folders that the commit no longer has are not listed.
    """
    with open_registry(registry, tag) as client, open_fleet(place, branch, libraries, at=at) as fleet:
        from goldenpath.artifacts.delivery import list_artifacts  # noqa: PLC0415 - `--help` needs none of it

        found = [each.as_dict() for each in list_artifacts(fleet, client, cluster=cluster, tag=tag)]
    if output_format == "json":
        document = {"format": "artifacts/v1", "registry": registry, "tag": tag, "artifacts": found}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo("No artifacts: this commit has no folder of a platform, tenant or workload on a cluster.")
        return
    rows = [("CLUSTER", "OWNER", "STATE", "COMMIT", "DIGEST")]
    rows += [
        (each["cluster"], each["owner"], each["state"], each["commit"][:12], each["digest"]) for each in found
    ]
    for line in table(rows):
        click.echo(line)
