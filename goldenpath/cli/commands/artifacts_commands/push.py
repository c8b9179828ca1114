"""``goldenpath artifacts push``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.echo import echo_json
from goldenpath.cli.registry_options import artifact_options
from goldenpath.cli.signing_options import (
    open_provenance_signer,
    open_signer,
    provenance_signer_options,
    signer_options,
)
from goldenpath.counts import counted

if TYPE_CHECKING:
    from goldenpath.cli.registry_options import ArtifactTarget


@click.command(
    name="push",
    cls=ExampleCommand,
    examples=(
        "goldenpath artifacts push --repo . --registry oci://registry.example.org/fleet --key fleet.key",
        "goldenpath artifacts push --repo . --registry oci://localhost:5000/fleet --key fleet.key --cluster eu-central",
        "goldenpath artifacts push --repo . --at HEAD --registry oci://registry.example.org/fleet --key fleet.key --format json",
        "goldenpath artifacts push --repo . --registry oci://registry.example.org/fleet --key 'pkcs11:token=fleet;object=release?module-path=/usr/lib/softhsm/libsofthsm2.so'",
        "goldenpath artifacts push --repo . --registry oci://registry.example.org/fleet --key fleet.key --provenance-key provenance.key --builder https://ci.example.org/fleet",
        "goldenpath artifacts push --repo . --registry oci://registry.example.org/fleet --key leaf.key --certificate leaf.pem --timestamp-authority https://tsa.example.org/api/v1/timestamp --trusted-root trusted_root.json",
    ),
)
@artifact_options
@signer_options
@provenance_signer_options
def command(
    *,
    target: ArtifactTarget,
    key: str,
    provenance_key: str | None,
    builder: str | None,
    output_format: str,
    **certificate: Any,
) -> None:
    """Push and sign the artifacts of a commit that a registry lacks.

    Each platform, tenant and workload on a cluster has one artifact, in a repository of its own. The artifact holds the
    files of its folder, and depends on the commit alone: the same commit gives the same digests on every machine. Artifacts
    that the registry has are not sent again. After a failure, run the command again; it continues where it stopped.

    If the fleet has `delivery`, the command then pushes the index of each cluster, with a serial that never decreases. It
    refuses a commit that is older than the registry's.

    The tag moves after the artifact is stored and signed. Credentials come from GOLDENPATH_REGISTRY_USER and
    GOLDENPATH_REGISTRY_PASSWORD, or from `docker login`. Only a registry on this machine may be used without TLS.
    """
    with (
        target.open() as opened,
        open_signer(key, **certificate) as signer,
        open_provenance_signer(provenance_key, builder, signer) as provenance_signer,
    ):
        from goldenpath.artifacts.delivery import push  # noqa: PLC0415 - `--help` needs none of it
        from goldenpath.artifacts.provenance import with_provenance  # noqa: PLC0415

        results = []
        client = opened.client
        pushed = push(opened.fleet, client, signer, cluster=opened.cluster, tag=opened.tag)
        if provenance_signer is not None:
            state = opened.fleet.state()
            pushed = with_provenance(client, pushed, state, str(builder), provenance_signer)
        for each in pushed:
            results.append(each.as_dict())
            if output_format == "text":
                named = f"{client.address.host}/{each.repository}@{each.artifact.digest}"
                click.echo(f"{each.state:<9}  {each.sent_bytes:>9,} B  {named}")
        sent = client.sent_bytes
    if output_format == "json":
        document = {
            "format": "artifacts-pushed/v1",
            "registry": opened.registry,
            "tag": opened.tag,
            "sent_bytes": sent,
            "artifacts": results,
        }
        echo_json(document)
    elif results:
        click.echo(f"{counted(len(results), 'artifact')}; {counted(sent, 'byte')} sent.")
    else:
        click.echo("No artifacts: this commit has no folder of a platform, tenant or workload on a cluster.")
