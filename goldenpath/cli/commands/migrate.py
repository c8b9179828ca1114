"""``goldenpath migrate``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, fleet_option, format_option, library_option
from goldenpath.cli.echo import echo_json

if TYPE_CHECKING:
    from goldenpath.findings import Finding
    from goldenpath.paths import Library
    from goldenpath.upgrades.migrations import Migrated

_FOUND_ERRORS = 1


@click.command(
    name="migrate",
    cls=ExampleCommand,
    examples=(
        "goldenpath migrate vision.yaml --to tenant/v2",
        "goldenpath migrate tenants/*/tenant.yaml --to tenant/v2 --fleet goldenpath.yaml --write",
    ),
)
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(dir_okay=False, exists=True)
)
@click.option("--to", required=True, metavar="GOLDEN_PATH", help="Golden path and its new major version.")
@click.option("--write", is_flag=True, help="Write the files. Default: only print them.")
@fleet_option
@library_option
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    files: tuple[str, ...],
    to: str,
    write: bool,
    fleet_file: Path | None,
    libraries: tuple[Path, ...],
    output_format: str,
) -> None:
    """Migrate requests to a new major version of their golden path; comments stay.

    The golden path's folder holds the steps as data: rename, move, default, map, and drop with a finding. The command
    migrates, parses, renders and checks every request before it writes a file. `goldenpath publish` then publishes them.

    Exit code 1: a check of the new version has an error, and nothing is written.
    """
    from goldenpath.cli.input_files import find_fleet  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.errors import InputError, Problem  # noqa: PLC0415
    from goldenpath.findings import Severity  # noqa: PLC0415
    from goldenpath.library_sources import library_for  # noqa: PLC0415
    from goldenpath.paths import Library  # noqa: PLC0415
    from goldenpath.pipeline import load_fleet  # noqa: PLC0415

    place = fleet_file or find_fleet()
    fleet = load_fleet(place)
    library = library_for(fleet, Library(libraries))
    requests: dict[str, Migrated] = {}
    findings: list[Finding] = []
    problems: list[Problem] = []
    for file in files:
        try:
            requests[file], found = _migrated(file, to, place, library)
            findings += found
        except InputError as error:
            problems += (problem.in_file(file) for problem in error.problems)
    if problems:
        raise InputError(problems)
    is_refused = any(finding.severity is Severity.ERROR for finding in findings)
    if write and not is_refused:
        for file, migrated in requests.items():
            Path(file).write_text(migrated.text, encoding="utf-8")
    _show(requests, findings, output_format, is_written=write and not is_refused)
    ctx.exit(_FOUND_ERRORS if is_refused else 0)


def _migrated(file: str, to: str, place: Path, library: Library) -> tuple[Migrated, list[Finding]]:
    """A migrated request, with the findings of the migration and of the checks."""
    from goldenpath import kubeyaml  # noqa: PLC0415
    from goldenpath.pipeline import Pipeline, load_fleet, parent_of, parse  # noqa: PLC0415
    from goldenpath.tenant_requests import repository_tenants  # noqa: PLC0415
    from goldenpath.upgrades.migrations import migrate  # noqa: PLC0415

    fleet = load_fleet(place)
    migrated = migrate(kubeyaml.read_text(Path(file)), to, library, file)
    tenants = repository_tenants(place, fleet, library)
    document = kubeyaml.load(migrated.text, name=file, written=True)
    spec = parse(document, fleet=fleet, library=library, tenants=tenants, is_new=False, file=file)
    parent = parent_of(spec, tenants)
    today = dt.datetime.now(dt.UTC).date()
    checked = Pipeline(fleet, library=library).check(spec, today=today, parent=parent)
    return migrated, [*migrated.findings, *checked]


def _show(
    requests: dict[str, Migrated], findings: list[Finding], output_format: str, *, is_written: bool
) -> None:
    if output_format == "json":
        document = {
            "format": "migrated/v1",
            "written": is_written,
            "requests": [{"file": file, "text": migrated.text} for file, migrated in requests.items()],
            "findings": [finding.as_dict() for finding in findings],
        }
        echo_json(document)
        return
    for file, migrated in requests.items():
        if is_written:
            click.echo(f"Wrote {file}.")
            continue
        if len(requests) > 1:
            click.echo(f"--- # {file}")
        click.echo(migrated.text, nl=False)
    for finding in findings:
        click.echo(
            f"{finding.severity.value}: {finding.object} {finding.field}: {finding.message} {finding.fix}",
            err=True,
        )
