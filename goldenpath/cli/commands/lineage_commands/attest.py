"""``goldenpath lineage attest``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import ExampleCommand, file_option, fleet_option, format_option
from goldenpath.cli.echo import echo_json
from goldenpath.cli.signing_options import open_signer
from goldenpath.errors import ArtifactRefusedError, InputError

if TYPE_CHECKING:
    from pathlib import Path

_REFUSED = 1


@click.command(
    name="attest",
    cls=ExampleCommand,
    examples=(
        "goldenpath lineage attest pod.yaml --fleet goldenpath.yaml --key pipeline.pem --out summaries.json",
        "goldenpath lineage attest node-0.yaml node-1.yaml --key pipeline.pem --push",
    ),
)
@click.argument("pods", nargs=-1, required=True, metavar="POD.yaml...")
@fleet_option
@click.option(
    "--key",
    required=True,
    metavar="FILE|pkcs11:…",
    help="The private key of the fleet's builder, which signs only provenance.",
)
@file_option("--out", "file", help="Write the bundle to this file.")
@click.option(
    "--push", is_flag=True, help="Find the model by its digest, and attach the bundle to it in the registry."
)
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    pods: tuple[str, ...],
    fleet_file: Path | None,
    key: str,
    file: Path | None,
    push: bool,
    output_format: str,
) -> None:
    """Write and sign the provenance of a finished run, as the platform's signer does.

    POD.yaml is the Pod of the run from the API server (`kubectl get pod NAME --output yaml`). For a run on several nodes, give
    all its Pods. The command trusts only fields that no account of the tenant can write: the Pod's spec, and the kubelet's
    status. It refuses to sign if the record of an input is missing, an input differs, the Pod differs from the golden path's
    shape, a container ran another image, or the run names no output.

    Exit code 0: the provenance is signed. 1: it is refused. 2: a file or the registry cannot be used.
    """
    if file is None and not push:
        raise InputError.of("--out", "required", "is required: give --out FILE, --push, or both")
    from goldenpath.cli.attestation_store import store_attestation  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.cli.lineage_inputs import builder_of, objects_in  # noqa: PLC0415
    from goldenpath.provenance.attesting import attest  # noqa: PLC0415
    from goldenpath.provenance.finished_run import FinishedRun  # noqa: PLC0415

    builder = builder_of(fleet_file)
    documents = [item.body for name in pods for item in objects_in(name)]
    try:
        run = FinishedRun.of_pods(documents, builder)
        with open_signer(key) as signer:
            bundle = (store_attestation(run, signer) if push else None) or attest(run, signer)
    except ArtifactRefusedError as error:
        _print({"refused": error.rule, "message": str(error)}, f"{error.rule}: {error}", output_format)
        ctx.exit(_REFUSED)
    if file is not None:
        file.write_bytes(bundle.data)
    model = f"{run.repository}@{run.digest}"
    datasets = {each.name: each.sha256 for each in run.provenance.datasets}
    lines = [f"signed  {model}", *(f"  {name}  {digest}" for name, digest in datasets.items())]
    _print({"model": model, "datasets": datasets}, "\n".join(lines), output_format)


def _print(document: dict[str, Any], text: str, output_format: str) -> None:
    if output_format == "json":
        echo_json({"format": "lineage-attested/v1", **document})
    else:
        click.echo(text)
