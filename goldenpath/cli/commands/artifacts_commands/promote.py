"""``goldenpath artifacts promote``."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.echo import echo_json
from goldenpath.cli.registry_options import artifact_options, open_registry
from goldenpath.cli.signing_options import chosen_trust, trust_options
from goldenpath.counts import counted

if TYPE_CHECKING:
    from goldenpath.cli.registry_options import ArtifactTarget


@click.command(
    name="promote",
    cls=ExampleCommand,
    examples=(
        "goldenpath artifacts promote --repo . --from-tag candidate --tag stable --key fleet.pub",
        "goldenpath artifacts promote --repo . --from-tag latest --from-registry oci://staging.example.org/fleet --key fleet.pub",
        "goldenpath artifacts promote --repo . --from-tag candidate --tag stable --cluster eu-central --key fleet.pub --format json",
    ),
)
@artifact_options
@click.option("--from-tag", required=True, metavar="NAME", help="The tag whose indexes are promoted.")
@click.option(
    "--from-registry",
    metavar="oci://HOST/PATH",
    help="The registry of the indexes. Default: the same registry.",
)
@trust_options
def command(
    *,
    target: ArtifactTarget,
    from_tag: str,
    from_registry: str | None,
    output_format: str,
    **trusted: Any,
) -> None:
    """Verify the indexes of a tag, and move another tag to them.

    For each cluster, the command verifies the index of --from-tag and every artifact that it names, as `goldenpath
    artifacts verify` does. The index must be of a commit of the branch. Then the command copies missing artifacts to the
    target with their signatures, and moves --tag. The tag never moves back.

    Exit code 0: all clusters were promoted. 1: an index or an artifact is refused. 2: a registry cannot be used, or has a
    newer index.
    """
    with ExitStack() as stack:
        opened = stack.enter_context(target.open())
        source = stack.enter_context(open_registry(from_registry or opened.registry, from_tag))
        from goldenpath.artifacts.promotion import Route, promote  # noqa: PLC0415 - `--help` needs none of it

        trust = chosen_trust(**trusted)
        route = Route(source, from_tag, opened.client, opened.tag)
        done = []
        for each in promote(opened.fleet, route, trust, cluster=opened.cluster):
            done.append(each.as_dict())
            if output_format == "text":
                click.echo(
                    f"{each.cluster}: {each.state} {each.index.serial:,} (commit {each.index.commit[:12]}, "
                    f"{counted(len(each.index.listed), 'artifact')}, {counted(each.sent_bytes, 'byte')}) to {opened.tag}"
                )
    if output_format == "json":
        document = {
            "format": "artifacts-promoted/v1",
            "registry": opened.registry,
            "from_tag": from_tag,
            "tag": opened.tag,
            "clusters": done,
        }
        echo_json(document)
