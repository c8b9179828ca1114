"""``goldenpath new``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath import kubeyaml
from goldenpath.cli import completion_items
from goldenpath.cli.accepted_input import announce_fleet
from goldenpath.cli.base_command import (
    ExampleCommand,
    file_option,
    fleet_option,
    library_option,
    repeatable_option,
)
from goldenpath.cli.editor_schema import modeline
from goldenpath.cli.free_accelerators import FreeAccelerators
from goldenpath.cli.golden_path_argument import golden_path_named
from goldenpath.cli.input_files import find_fleet
from goldenpath.cli.request_draft import RequestDraft, location_of
from goldenpath.describe.schema_fields import request_fields
from goldenpath.errors import GoldenpathError, InputError, Problem
from goldenpath.file_output import write_files
from goldenpath.kinds import kind_of
from goldenpath.library_sources import library_for
from goldenpath.manifests import RenderedFile
from goldenpath.paths import Library
from goldenpath.pipeline import load_fleet, parse
from goldenpath.spec.ref import Subject
from goldenpath.tenancy.repository_paths import REQUEST_FILES
from goldenpath.tenant_requests import repository_tenants

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.spec.fleet_spec import FleetSpec


@click.command(
    name="new",
    cls=ExampleCommand,
    examples=(
        "goldenpath new tenant --fleet goldenpath.yaml",
        "goldenpath new tenant --no-input --set name=vision --set owner=vision-team --set clusters=eu-central",
        "goldenpath new tenant --set 'gpus[0].profile=nvidia-h100-80gb' --set 'gpus[0].quota=8'",
    ),
)
@click.argument("name", metavar="GOLDEN_PATH", shell_complete=completion_items.golden_paths)
@fleet_option
@file_option("--out", help="The file to write. Default: tenant.yaml or workload.yaml.")
@repeatable_option(
    "--set",
    "assignments",
    metavar="FIELD=VALUE",
    help="Set a field, such as compute.cpu=64; a list with commas, any value as YAML",
)
@click.option("--no-input", is_flag=True, help="Ask no questions, as without a terminal.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@library_option
def command(
    *,
    name: str,
    fleet_file: Path | None,
    out: Path | None,
    assignments: tuple[str, ...],
    no_input: bool,
    force: bool,
    libraries: tuple[Path, ...],
) -> None:
    """Write a request, by questions or from given values.

    On a terminal, the command asks for one field after the other, explains each, and validates each answer against the fleet
    while you type. It does not ask for fields of --set. The request is validated before it is written.
    """
    found = _fleet_file(fleet_file)
    fleet = None if found is None else load_fleet(found)
    library = Library(libraries)
    if fleet is not None:
        library = library_for(fleet, library)
    path = golden_path_named(library, name)
    kind = kind_of(path)
    if not kind.is_requested:
        raise InputError.of(
            "GOLDEN_PATH", "wrong-golden-path", "is rendered from the fleet, not from a request", name
        )
    out = out or Path(REQUEST_FILES[kind.subject])
    interactive = not no_input and sys.stdin.isatty() and sys.stdout.isatty()
    _ask_before_replacing(out, force=force, interactive=interactive)
    tenants = None if found is None or fleet is None else repository_tenants(found, fleet, library)
    free = _free_accelerators(fleet, found, library) if interactive else None
    draft = RequestDraft(path, fleet=fleet, library=library, free=free, tenants=tenants)
    _assign(draft, assignments)
    if interactive:
        from goldenpath.cli.interview import Interview  # noqa: PLC0415 - a script needs no prompts

        names = tenants.names() if tenants is not None else ()
        left = free.left if free is not None and kind.subject is Subject.WORKLOAD else None
        Interview(path, draft, fleet, free.free if free else None, names, left=left).run()
    text = modeline(path) + draft.as_yaml({field.name: field.description for field in request_fields(path)})
    parse(kubeyaml.load(text, written=True), fleet=fleet, library=library, tenants=tenants)
    write_files(out.parent, [RenderedFile(out.name, text)])
    click.echo(
        f"{out}: written. Next: goldenpath check {out}{f' --fleet {fleet_file}' if fleet_file else ''}"
    )


def _ask_before_replacing(out: Path, *, force: bool, interactive: bool) -> None:
    if force or not out.exists():
        return
    if not interactive:
        raise InputError.of(
            "--out", "exists", "exists already; name another file, or replace it with --force", str(out)
        )
    click.confirm(f"{out} exists already. Replace it?", abort=True)


def _fleet_file(given: Path | None) -> Path | None:
    """The fleet file; None if there is none, because a request can be written without a fleet."""
    if given is not None:
        return given
    try:
        found = find_fleet()
    except InputError:
        click.echo("Fleet: none found, so cluster names are not checked.", err=True)
        return None
    return announce_fleet(found)


def _free_accelerators(
    fleet: FleetSpec | None, fleet_file: Path | None, library: Library
) -> FreeAccelerators | None:
    """The accelerators that no tenant owns; None if the fleet file is not in a fleet repository."""
    from goldenpath.fleet import Fleet  # noqa: PLC0415 - loads Git, which a script does not need

    if fleet is None or fleet_file is None or not (fleet_file.parent / ".git").exists():
        return None
    try:
        with Fleet.open(fleet_file.parent, library=library) as repository:
            summary = repository.summary()
    except GoldenpathError:
        return None
    owned = {
        (tenant.name, cluster, profile): quota
        for tenant in summary.tenants
        for cluster, gpus in tenant.gpus.items()
        for profile, (quota, _) in gpus.items()
    }
    unowned = {(each.cluster, each.profile): each.free for each in summary.capacity}
    return FreeAccelerators(fleet, unowned, owned, summary.left_in_tenants())


def _assign(draft: RequestDraft, assignments: Iterable[str]) -> None:
    problems = []
    for assignment in assignments:
        path, equals, value = assignment.partition("=")
        location = location_of(path)
        if not equals or location is None:
            message = "must be FIELD=VALUE, such as compute.cpu=64 or 'gpus[0].quota=8'"
            problems.append(Problem("--set", "assignment", message, assignment))
            continue
        try:
            draft.set(location, value)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError([*problems, *draft.problems()])
