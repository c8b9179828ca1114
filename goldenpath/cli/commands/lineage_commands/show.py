"""``goldenpath lineage show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from goldenpath import names as names_of
from goldenpath.cli.base_command import ExampleCommand, fleet_option, format_option
from goldenpath.cli.bundle_sources import bundle_options, open_bundles
from goldenpath.cli.echo import echo_json
from goldenpath.cli.error_output import json_refusals
from goldenpath.cli.lineage_inputs import builder_of, demand_of, named_builder, objects_in, objects_of
from goldenpath.cli.mounted_models import MountedModels
from goldenpath.cli.repository_options import open_fleet
from goldenpath.errors import ArtifactRefusedError, InputError

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.cli.bundle_sources import BundleSource
    from goldenpath.cli.mounted_models import MountedModel
    from goldenpath.provenance.model_training import TrainingProvenance
    from goldenpath.spec.model_builder import Provenance

_REFUSED = 1


@click.command(
    name="show",
    cls=ExampleCommand,
    examples=(
        "goldenpath lineage show pod.yaml --bundles provenance",
        "goldenpath lineage show vision/chat --repo . --bundles provenance --format json",
        "goldenpath lineage show vision/chat --repo . --registry oci://registry.example.org",
    ),
)
@click.argument("names", nargs=-1, required=True, metavar="POD.yaml|DIR|NAME...")
@bundle_options
@fleet_option
@click.option(
    "--repo",
    "place",
    metavar="URL|DIR",
    help="Read the workload NAME and the builder from this fleet repository.",
)
@click.option("--branch", metavar="NAME", help="With --repo: the branch. Default: its default branch.")
@format_option("text", "json")
@json_refusals
@click.pass_context
def command(
    ctx: click.Context,
    *,
    names: tuple[str, ...],
    bundle_folder: Path | None,
    registries: tuple[str, ...],
    fleet_file: Path | None,
    place: str | None,
    branch: str | None,
    output_format: str,
) -> None:
    """Show the datasets and code behind the models of a Pod, from their provenance.

    For each image volume of a Pod or Pod template, the command reads the provenance of the model, and shows the digests of
    base model and datasets. The provenance must be signed by the fleet's builder, for the Pod's namespace, and for the
    repository that the Pod names. With --bundles, the command needs no network.

    With --repo, NAME is a workload as TENANT/WORKLOAD, or a tenant with all its workloads.

    Exit code 0: every model has such provenance. 1: a model is refused. 2: an input cannot be read.
    """
    with open_bundles(bundle_folder, registries) as bundles:
        if bundles is None:
            message = "is required: give a folder with provenance, or its registry with --registry"
            raise InputError.of("--bundles", "required", message)
        if branch is not None and place is None:
            raise InputError.of(
                "--branch", "needs-repo", "needs --repo: give the fleet repository too", branch
            )
        if place is None:
            builder = builder_of(fleet_file)
            items = [item for name in names for item in objects_in(name)]
        elif fleet_file is not None:
            message = "excludes --repo, which has its own fleet file; give one of them"
            raise InputError.of("--fleet", "not-both", message)
        else:
            with open_fleet(place, branch, ()) as fleet:
                builder = named_builder(fleet.state().context.spec, names_of.FLEET_FILE)
                items = [item for name in names for item in objects_of(fleet, name)]
        models = MountedModels(builder.image)
        for item in items:
            models.take(item.file, item, lambda _: None)
        found = [_entry(mounted, bundles, builder) for mounted, _ in models.found()]
    if output_format == "json":
        echo_json({"format": "lineage/v1", "models": found})
    else:
        for entry in found:
            _print(entry)
        if not found:
            click.echo("No image volumes: these objects mount no model with a digest.")
    ctx.exit(_REFUSED if any("refused" in entry for entry in found) else 0)


def _entry(mounted: MountedModel, bundles: BundleSource, builder: Provenance) -> dict[str, Any]:
    from goldenpath.provenance.training_verification import verified_provenance  # noqa: PLC0415 - needs an extra

    model = mounted.model
    entry = {"file": mounted.source, "object": mounted.object, "volume": mounted.volume, "model": model.text}
    try:
        data = bundles.of(model) if model.digest else ()
        provenance = verified_provenance(model, data, demand_of(builder, mounted.namespace or None))
        return entry | _as_dict(provenance)
    except ArtifactRefusedError as error:
        return entry | {"refused": error.rule, "message": str(error)}


def _as_dict(provenance: TrainingProvenance) -> dict[str, Any]:
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
