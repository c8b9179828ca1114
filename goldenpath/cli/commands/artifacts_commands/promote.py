"""``goldenpath artifacts promote``."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.registry_options import artifact_options, open_registry
from goldenpath.cli.signing_options import chosen_trust, trust_options
from goldenpath.counts import counted

if TYPE_CHECKING:
    from pathlib import Path

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
    help="Where they are; the same registry where none is given.",
)
@trust_options
def command(
    *,
    target: ArtifactTarget,
    from_tag: str,
    from_registry: str | None,
    key_files: tuple[Path, ...],
    certificate_identity: str | None,
    certificate_issuer: str | None,
    trusted_root: Path | None,
    output_format: str,
) -> None:
    """Make what one tag stands for what clusters follow, after everything about it was verified.

    For each cluster, the index behind --from-tag and every artifact that it names are verified as `goldenpath artifacts
    verify` does, and the index has to be of a commit of the branch. Then what the target lacks is copied, with its
    signatures, and --tag moves. It never moves back.

    Ends with 0 where all clusters were promoted, with 1 where something is refused, and with 2 where a registry cannot be
    used or has a newer index.
    """
    with ExitStack() as stack:
        opened = stack.enter_context(target.open())
        source = stack.enter_context(open_registry(from_registry or opened.registry, from_tag))
        from goldenpath.artifacts.promotion import Route, promote  # noqa: PLC0415 - `--help` needs none of it

        trust = chosen_trust(
            key_files,
            certificate_identity=certificate_identity,
            certificate_issuer=certificate_issuer,
            trusted_root=trusted_root,
        )
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
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
