"""``goldenpath artifacts list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.echo import echo_json, echo_lines
from goldenpath.cli.registry_options import artifact_options
from goldenpath.cli.tables import table

if TYPE_CHECKING:
    from goldenpath.cli.registry_options import ArtifactTarget


@click.command(
    name="list",
    cls=ExampleCommand,
    examples=(
        "goldenpath artifacts list --repo . --registry oci://registry.example.org/fleet",
        "goldenpath artifacts list --repo . --registry oci://registry.example.org/fleet --cluster eu-central --format json",
    ),
)
@artifact_options
def command(*, target: ArtifactTarget, output_format: str) -> None:
    """Compare the artifacts of a commit with those in a registry.

    An artifact is current if the tag has the digest that follows from the commit, stale if the tag has another digest, and
    absent if there is no such tag. `goldenpath artifacts verify` checks the signatures; this command does not. Artifacts of
    folders that the commit no longer has are not listed.
    """
    with target.open() as opened:
        from goldenpath.artifacts.delivery import list_artifacts  # noqa: PLC0415 - `--help` needs none of it

        found = [
            each.as_dict()
            for each in list_artifacts(opened.fleet, opened.client, cluster=opened.cluster, tag=opened.tag)
        ]
    if output_format == "json":
        document = {
            "format": "artifacts/v1",
            "registry": opened.registry,
            "tag": opened.tag,
            "artifacts": found,
        }
        echo_json(document)
        return
    if not found:
        click.echo("No artifacts: this commit has no folder of a platform, tenant or workload on a cluster.")
        return
    rows = [("CLUSTER", "OWNER", "STATE", "COMMIT", "DIGEST")]
    rows += [
        (each["cluster"], each["owner"], each["state"], each["commit"][:12], each["digest"]) for each in found
    ]
    echo_lines(table(rows))
