"""``goldenpath artifacts verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.echo import echo_json
from goldenpath.cli.registry_options import artifact_options
from goldenpath.cli.signing_options import (
    chosen_trust,
    provenance_trust,
    provenance_trust_options,
    trust_options,
)
from goldenpath.counts import counted

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.cli.registry_options import ArtifactTarget

_REFUSED = 1


@click.command(
    name="verify",
    cls=ExampleCommand,
    examples=(
        "goldenpath artifacts verify --repo . --registry oci://registry.example.org/fleet --key fleet.pub",
        "goldenpath artifacts verify --repo . --registry oci://registry.example.org/fleet --key old.pub --key new.pub",
        "goldenpath artifacts verify --repo . --registry oci://registry.example.org/fleet --key fleet.pub --format json",
        "goldenpath artifacts verify --repo . --registry oci://registry.example.org/fleet --key fleet.pub --provenance-key provenance.pub --builder https://ci.example.org/fleet",
        "goldenpath artifacts verify --repo . --registry oci://registry.example.org/fleet --certificate-identity spiffe://example.org/ns/ci/sa/release --certificate-issuer https://oidc.example.org --trusted-root trusted_root.json",
    ),
)
@artifact_options
@trust_options
@provenance_trust_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    target: ArtifactTarget,
    key_files: tuple[Path, ...],
    provenance_files: tuple[Path, ...],
    builder: str | None,
    output_format: str,
    **identity: Any,
) -> None:
    """Verify the artifacts in a registry, more strictly than Flux does.

    For each artifact of the commit, the tag must point to an artifact with one layer of Flux's media type that names its
    owner, cluster, tree and commit. One of the keys or the identity must have signed it, and it must hold exactly the files
    of the tree in the commit. Each refusal names the failed condition. With --provenance-key, each artifact also needs SLSA
    provenance by that key and --builder, with the commit, golden path and release of the fleet repository, and no other
    fields.

    Exit code 0: every artifact is verified. 1: an artifact is refused. 2: the registry cannot be used.
    """
    with target.open() as opened:
        from goldenpath.artifacts.delivery import verify_artifacts  # noqa: PLC0415 - `--help` needs none of it
        from goldenpath.artifacts.provenance import with_verified_provenance  # noqa: PLC0415

        trust = chosen_trust(key_files, **identity)
        of_provenance = provenance_trust(provenance_files, builder, key_files)
        found = []
        refused = 0
        client = opened.client
        verified = verify_artifacts(opened.fleet, client, trust, cluster=opened.cluster, tag=opened.tag)
        if of_provenance is not None:
            state = opened.fleet.state()
            verified = with_verified_provenance(client, verified, state, str(builder), of_provenance)
        for each in verified:
            found.append(each.as_dict())
            refused += each.refusal is not None
            if output_format == "text":
                verdict = "ok" if each.refusal is None else f"{each.refusal.rule}: {each.refusal}"
                color = "green" if each.refusal is None else "red"
                click.echo(
                    f"{client.address.host}/{each.repository}:{opened.tag}  {click.style(verdict, fg=color)}"
                )
    if output_format == "json":
        document = {
            "format": "artifacts-verified/v1",
            "registry": opened.registry,
            "tag": opened.tag,
            "artifacts": found,
        }
        echo_json(document)
    elif not found:
        click.echo("No artifacts: this commit has no folder of a platform, tenant or workload on a cluster.")
    else:
        click.echo(f"{counted(len(found), 'artifact')}; {refused:,} refused.")
    ctx.exit(_REFUSED if refused else 0)
