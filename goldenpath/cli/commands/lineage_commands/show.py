"""``goldenpath lineage show``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from goldenpath import names as names_of
from goldenpath.cli.base_command import ExampleCommand, fleet_option, format_option
from goldenpath.cli.bundle_sources import bundle_options, open_bundles
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
    help="Look NAME up in this fleet repository, and take the builder from its fleet.",
)
@click.option("--branch", metavar="NAME", help="With --repo: its branch; the default one otherwise.")
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
    """Show what the models of Pods were made from.

    Every Pod, and every object with a Pod template, leads through its image volumes to the provenance of each model, and
    from there to the digests of base model and datasets. The provenance must be by the fleet's builder, of the
    namespace of the Pod, and of the repository that the Pod names. With --bundles, no network is needed.

    With --repo, NAME is a workload as TENANT/WORKLOAD, or a tenant with all its workloads.

    Ends with 0 where every model has such provenance, with 1 where one is refused, with 2 where something cannot be read.
    """
    with open_bundles(bundle_folder, registries) as bundles:
        if bundles is None:
            message = "is required: name a folder with provenance, or its registry with --registry"
            raise InputError.of("--bundles", "required", message)
        if branch is not None and place is None:
            raise InputError.of(
                "--branch", "needs-repo", "needs --repo: name the fleet repository too", branch
            )
        if place is None:
            builder = builder_of(fleet_file)
            items = [item for name in names for item in objects_in(name)]
        elif fleet_file is not None:
            message = "cannot stand beside --repo, whose fleet is read; take one of them"
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
        click.echo(json.dumps({"format": "lineage/v1", "models": found}, indent=2, ensure_ascii=False))
    else:
        for entry in found:
            _print(entry)
        if not found:
            click.echo("No image volumes: these objects mount no model that has a digest.")
    ctx.exit(_REFUSED if any("refused" in entry for entry in found) else 0)


def _entry(mounted: MountedModel, bundles: BundleSource, builder: Provenance) -> dict[str, Any]:
    from goldenpath.provenance.training_verification import verified_provenance  # noqa: PLC0415 - needs an extra

    model = mounted.model
    entry = {"file": mounted.source, "object": mounted.object, "volume": mounted.volume, "model": model.text}
    try:
        said = bundles.of(model) if model.digest else ()
        return entry | _shown(verified_provenance(model, said, demand_of(builder, mounted.namespace or None)))
    except ArtifactRefusedError as error:
        return entry | {"refused": error.rule, "message": str(error)}


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
