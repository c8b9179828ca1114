"""``goldenpath artifacts verify``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand
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
    *,
    target: ArtifactTarget,
    key_files: tuple[Path, ...],
    certificate_identity: str | None,
    certificate_issuer: str | None,
    trusted_root: Path | None,
    provenance_files: tuple[Path, ...],
    builder: str | None,
    output_format: str,
) -> None:
    """Verify the artifacts in a registry, more strictly than Flux does.

    For each artifact of the commit, what the tag stands for must have one layer of Flux's media type, name its owner,
    cluster, tree and commit, be signed as such by one of the keys or by the identity, hold the very files of its tree,
    and be the artifact of the commit. Each refusal says which of these does not hold. With --provenance-key, each also
    needs SLSA provenance by that key and --builder, with the commit, golden path and release that the fleet repository
    says, and no other fields.

    Ends with 0 where everything holds, with 1 where an artifact is refused, with 2 where the registry cannot be used.
    """
    with target.open() as opened:
        from goldenpath.artifacts.delivery import verify_artifacts  # noqa: PLC0415 - `--help` needs none of it
        from goldenpath.artifacts.provenance import with_verified_provenance  # noqa: PLC0415

        trust = chosen_trust(
            key_files,
            certificate_identity=certificate_identity,
            certificate_issuer=certificate_issuer,
            trusted_root=trusted_root,
        )
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
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif not found:
        click.echo("No artifacts: this commit has no folder of a platform, tenant or workload on a cluster.")
    else:
        click.echo(f"{counted(len(found), 'artifact')}; {refused:,} refused.")
    ctx.exit(_REFUSED if refused else 0)
