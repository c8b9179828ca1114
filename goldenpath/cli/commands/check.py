"""``goldenpath check``."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from goldenpath import __version__, names
from goldenpath.check import Schemas
from goldenpath.cli.accepted_input import announce_fleet
from goldenpath.cli.base_command import (
    ExampleCommand,
    cluster_option,
    fleet_option,
    format_option,
    library_option,
    schemas_option,
    today_option,
)
from goldenpath.cli.bundle_sources import bundle_options, open_bundles
from goldenpath.cli.check_inputs import InputFile, find_input_files
from goldenpath.cli.check_output import as_json, as_text
from goldenpath.cli.check_progress import progress
from goldenpath.cli.check_targets import Examination, examine
from goldenpath.cli.echo import echo_json, echo_lines
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
@today_option
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
    """Check requests, fleets and manifests, and show the fixes.

    A document with `golden_path` is a request: the command validates it against the fleet, renders it, and checks the
    rendered objects. For a fleet file, it renders and checks the objects that tenants share. A document with apiVersion and
    kind is checked as a Kubernetes object, together with the other objects of its folder or cluster. In a folder, all YAML
    files are checked. A file may have any size: documents, and the items of a List, are read one at a time.

    Exit code 0: no errors. 1: a finding is an error. 2: an input is refused. Warnings and notes do not change the exit code.

    With --registry, each image volume of a Pod, also in rendered requests, needs provenance of the fleet's builder in the
    registry, as admission demands it. With --bundles, the provenance must be among recorded bundles, and the check needs no
    network. A registry that cannot be read is a refused input.
    """
    examination = Examination()
    kept = ctx.with_resource(ExitStack())
    files = list(find_input_files(names, examination.problems, kept))
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
        from goldenpath.cli.model_findings import check_models  # noqa: PLC0415 - needs an extra

        check_models(models, bundles, builder, examination)
    _show(examination, output_format)
    ctx.exit(examination.exit_code)


def _fleet_for(files: Sequence[InputFile], given: Path | None) -> Path | None:
    """The fleet file for the requests among the files; None if there are no requests."""
    if given is not None or not any(file.has_requests for file in files):
        return given
    paths = [file.path for file in files if file.folder is None and file.path is not None]
    named = [path.parent for path in paths if path.name == names.FLEET_FILE]
    folders = [file.folder for file in files if file.folder is not None]
    found = find_fleet(dict.fromkeys((*named, *folders)), dict.fromkeys(path.parent for path in paths))
    return announce_fleet(found)


def _show(examination: Examination, output_format: str) -> None:
    if output_format == "json":
        echo_json(as_json(examination))
    elif output_format == "sarif":
        echo_json(as_sarif(examination, version=__version__))
    else:
        echo_lines(as_text(examination))
        show_problems(examination.problems)
