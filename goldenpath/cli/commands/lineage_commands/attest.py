"""``goldenpath lineage attest``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from goldenpath.cli.base_command import ExampleCommand, fleet_option, format_option
from goldenpath.cli.signing_options import open_signer
from goldenpath.errors import ArtifactRefusedError, InputError

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
    help="The private key of the fleet's builder; it signs provenance and nothing else.",
)
@click.option(
    "--out",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the bundle to a file.",
)
@click.option("--push", is_flag=True, help="Read the model by its digest, and store the bundle beside it.")
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
    """Write and sign the provenance of a finished run.

    POD.yaml is the Pod of the run as the API server has it (`kubectl get pod NAME --output yaml`); of a run on several nodes,
    all of them. What no account of the tenant can write is trusted: the spec of the Pod, and the kubelet's status. Nothing is
    signed where a record of an input is missing, an input is another one, the Pod has another shape than the golden path
    renders, a container ran another image, or the run names no output.

    Ends with 0 where the provenance is signed, with 1 where it is refused, with 2 where a file or the registry cannot be used.
    """
    if file is None and not push:
        raise InputError.of("--out", "required", "say where the bundle goes: --out FILE, --push, or both")
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
        _say({"refused": error.rule, "message": str(error)}, f"{error.rule}: {error}", output_format)
        ctx.exit(_REFUSED)
    if file is not None:
        file.write_bytes(bundle.data)
    model = f"{run.repository}@{run.digest}"
    datasets = {each.name: each.sha256 for each in run.provenance.datasets}
    lines = [f"signed  {model}", *(f"  {name}  {digest}" for name, digest in datasets.items())]
    _say({"model": model, "datasets": datasets}, "\n".join(lines), output_format)


def _say(document: dict[str, Any], text: str, output_format: str) -> None:
    if output_format == "json":
        click.echo(json.dumps({"format": "lineage-attested/v1", **document}, indent=2, ensure_ascii=False))
    else:
        click.echo(text)
