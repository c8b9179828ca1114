"""``goldenpath lineage show``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import ExampleCommand, fleet_option, format_option
from goldenpath.errors import ArtifactRefusedError

if TYPE_CHECKING:
    from goldenpath.provenance.model_training import TrainingProvenance

_REFUSED = 1


@click.command(
    name="show",
    cls=ExampleCommand,
    examples=(
        "goldenpath lineage show pod.yaml --bundles provenance",
        "goldenpath lineage show clusters/berlin/workloads/vision/chat --bundles provenance --format json",
    ),
)
@click.argument("objects", nargs=-1, required=True, metavar="POD.yaml|DIR...")
@click.option(
    "--bundles",
    "folder",
    required=True,
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    metavar="DIR",
    help="Folder with recorded bundles (*.json), as `goldenpath lineage attest --out` writes them.",
)
@fleet_option
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context, *, objects: tuple[str, ...], folder: Path, fleet_file: Path | None, output_format: str
) -> None:
    """Show what the models of Pods were made from, without a network.

    Every Pod, and every object with a Pod template, leads through its image volumes to the provenance of each model, and
    from there to the digests of base model and datasets. The provenance must be by the fleet's builder, of the
    namespace of the Pod, and of the repository that the Pod names.

    Ends with 0 where every model has such provenance, with 1 where one is refused, with 2 where a file cannot be read.
    """
    from goldenpath.cli.lineage_inputs import builder_of, bundles_in, demand_of, namespace_of, objects_in  # noqa: PLC0415 - for `--help`
    from goldenpath.provenance.pod_images import model_volumes, pod_specs  # noqa: PLC0415
    from goldenpath.provenance.training_verification import verified_provenance  # noqa: PLC0415

    builder, bundles = builder_of(fleet_file), bundles_in(folder)
    found: list[dict[str, Any]] = []
    for name in objects:
        for place, body in objects_in(name):
            demand = demand_of(builder, namespace_of(body))
            for spec in pod_specs(body):
                for volume, model in model_volumes(spec, builder.image):
                    entry: dict[str, Any] = {"object": place, "volume": volume, "model": model.text}
                    try:
                        entry |= _shown(verified_provenance(model, bundles, demand))
                    except ArtifactRefusedError as error:
                        entry |= {"refused": error.rule, "message": str(error)}
                    found.append(entry)
    if output_format == "json":
        click.echo(json.dumps({"format": "lineage/v1", "models": found}, indent=2, ensure_ascii=False))
    else:
        for entry in found:
            _print(entry)
        if not found:
            click.echo("No image volumes: these objects mount no model that has a digest.")
    ctx.exit(_REFUSED if any("refused" in entry for entry in found) else 0)


def _shown(provenance: TrainingProvenance) -> dict[str, Any]:
    parameters = provenance.parameters
    return {
        "tenant": parameters.tenant,
        "pipeline": parameters.pipeline,
        "run": parameters.run,
        "made_from": [
            {
                "name": each.name,
                "uri": each.uri,
                "digest": each.pinned,
                **({"tree": f"sha256:{each.annotations.tree}"} if each.annotations else {}),
            }
            for each in provenance.dependencies
        ],
    }


def _print(entry: dict[str, Any]) -> None:
    click.echo(f"{entry['object']}  {entry['volume']}: {entry['model']}")
    if "refused" in entry:
        click.echo(f"  {click.style('refused', fg='red')}  {entry['refused']}: {entry['message']}")
        return
    click.echo(f"  made by {entry['tenant']}/{entry['pipeline']}, run {entry['run']}, from")
    for each in entry["made_from"]:
        click.echo(f"    {each['name']}  {each['digest']}  {each['uri']}")
