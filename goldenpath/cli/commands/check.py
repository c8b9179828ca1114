"""``goldenpath check``."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from goldenpath import __version__, names
from goldenpath.check import Schemas
from goldenpath.cli.base_command import (
    ExampleCommand,
    cluster_option,
    fleet_option,
    format_option,
    library_option,
    schemas_option,
)
from goldenpath.cli.bundle_sources import bundle_options, open_bundles
from goldenpath.cli.check_inputs import Named, gather
from goldenpath.cli.check_output import as_json, as_text
from goldenpath.cli.check_progress import progress
from goldenpath.cli.check_targets import Examination, examine
from goldenpath.cli.error_output import json_refusals
from goldenpath.cli.input_files import find_fleet
from goldenpath.cli.lineage_inputs import builder_of
from goldenpath.cli.mounted_models import MountedModels
from goldenpath.cli.problem_output import show_problems
from goldenpath.cli.sarif import as_sarif
from goldenpath.errors import InputError
from goldenpath.paths import Library

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@click.command(
    name="check",
    cls=ExampleCommand,
    examples=(
        "goldenpath check vision.yaml --fleet goldenpath.yaml",
        "goldenpath check tenants/ clusters/ --format sarif > goldenpath.sarif",
        "goldenpath check clusters/berlin --fleet goldenpath.yaml --registry oci://registry.example.org",
        "goldenpath check clusters/berlin --fleet goldenpath.yaml --bundles provenance",
    ),
)
@click.argument(
    "names", nargs=-1, required=True, metavar="FILE|DIR...", type=click.Path(exists=True, allow_dash=True)
)
@fleet_option
@cluster_option
@library_option
@schemas_option
@format_option("text", "json", "sarif")
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Hold expiry dates against this day, not today.",
)
@bundle_options
@json_refusals
@click.pass_context
def command(
    ctx: click.Context,
    *,
    names: tuple[str, ...],
    fleet_file: Path | None,
    cluster: str | None,
    libraries: tuple[Path, ...],
    schema_folders: tuple[Path, ...],
    output_format: str,
    today: dt.datetime | None,
    bundle_folder: Path | None,
    registries: tuple[str, ...],
) -> None:
    """Check requests, fleets and manifests, and say what to fix.

    A document with `golden_path` is a request: it is held against the fleet, rendered, and what was rendered is
    checked. A fleet file has what its clusters share rendered and checked. Anything with apiVersion and kind is
    checked as a Kubernetes object, together with the others of its folder or cluster. In a folder, all YAML
    files are looked at. A file may be of any size: it is read a document at a time, and a List item by item.

    Ends with 0 where nothing is wrong, with 1 where a finding is an error, and with 2 where an input was
    refused. Warnings and notes do not change that.

    With --registry, each image volume of a Pod, also of one that a request is rendered to, must have provenance of the fleet's
    builder beside it in the registry: the verdict of admission. With --bundles, the provenance must be among recorded
    bundles, and no network is needed. A registry that cannot be read is a refused input.
    """
    examination = Examination()
    kept = ctx.with_resource(ExitStack())
    files = list(gather(names, examination.problems, kept))
    try:
        fleet = _fleet_for(files, fleet_file)
    except InputError as error:
        examination.problems += error.problems
        fleet = None
    bundles = kept.enter_context(open_bundles(bundle_folder, registries))
    builder = builder_of(fleet or fleet_file) if bundles is not None else None
    models = MountedModels(builder.image) if builder is not None else None
    with progress(files):
        examine(
            files,
            examination,
            fleet_file=fleet,
            library=Library(libraries),
            schemas=Schemas.of_folders(*schema_folders),
            cluster=cluster,
            today=today.date() if today else dt.datetime.now(tz=dt.UTC).astimezone().date(),
            models=models,
        )
    if bundles is not None and builder is not None and models is not None:
        from goldenpath.cli.model_findings import judge_models  # noqa: PLC0415 - needs an extra

        judge_models(models, bundles, builder, examination)
    _show(examination, output_format)
    ctx.exit(examination.exit_code)


def _fleet_for(files: Sequence[Named], given: Path | None) -> Path | None:
    """The fleet to hold requests against; none is needed where there is no request."""
    if given is not None or not any(file.has_requests for file in files):
        return given
    paths = [file.path for file in files if file.folder is None and file.path is not None]
    named = [path.parent for path in paths if path.name == names.FLEET_FILE]
    folders = [file.folder for file in files if file.folder is not None]
    found = find_fleet(dict.fromkeys((*named, *folders)), dict.fromkeys(path.parent for path in paths))
    click.echo(f"Fleet: {found}", err=True)
    return found


def _show(examination: Examination, output_format: str) -> None:
    if output_format == "json":
        click.echo(json.dumps(as_json(examination), indent=2, ensure_ascii=False))
    elif output_format == "sarif":
        click.echo(json.dumps(as_sarif(examination, version=__version__), indent=2, ensure_ascii=False))
    else:
        for line in as_text(examination):
            click.echo(line)
        show_problems(examination.problems)
