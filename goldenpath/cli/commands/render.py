"""``goldenpath render``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import (
    ExampleCommand,
    cluster_option,
    fleet_option,
    format_option,
    library_option,
)
from goldenpath.cli.editor_schema import without_modeline
from goldenpath.cli.input_files import DocumentKind, find_fleet, kind_of, read_source
from goldenpath.cli.render_output import Rendering, render_files
from goldenpath.file_output import WriteOutcome, write_files
from goldenpath.library_sources import library_for
from goldenpath.paths import Library
from goldenpath.pipeline import Pipeline, load_fleet, parent_of, parse
from goldenpath.spec.parse import parse_fleet
from goldenpath.tenant_requests import tenants_beside

if TYPE_CHECKING:
    from goldenpath.manifests import ManifestObject


@click.command(
    name="render",
    cls=ExampleCommand,
    examples=(
        "goldenpath render vision.yaml --fleet goldenpath.yaml --cluster eu-central",
        "goldenpath render vision.yaml --fleet goldenpath.yaml --out fleet/",
        "goldenpath render goldenpath.yaml --out fleet/",
    ),
)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@fleet_option
@cluster_option
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Write files here."
)
@click.option("--dry-run", is_flag=True, help="With --out: say what would be written, and write nothing.")
@click.option(
    "--keep-stale",
    is_flag=True,
    help="With --out: keep manifests of an older render that this one no longer has.",
)
@library_option
@format_option("text", "json")
def command(
    *,
    file: str,
    fleet_file: Path | None,
    cluster: str | None,
    out: Path | None,
    dry_run: bool,
    keep_stale: bool,
    libraries: tuple[Path, ...],
    output_format: str,
) -> None:
    """Turn a request, or a fleet, into Kubernetes manifests.

    FILE is a request (`-` reads it from standard input), or a fleet file: that renders what the tenants of its
    clusters share.

    Without --out, the Kubernetes objects for one cluster are printed, as one YAML stream (or one List, as JSON).

    With --out and without --cluster, DIR becomes a fleet repository: the manifests of every cluster, the catalog
    entry, the README and the request itself. With --cluster, DIR gets a folder named after the tenant with what is
    for that cluster, just as the cookiecutter command makes it. Only what changed is written. Manifests that an
    older render left in the tenant's own folders are removed if they carry goldenpath's label and hold no Namespace.
    """
    if out is None and (dry_run or keep_stale):
        raise click.UsageError("--dry-run and --keep-stale go with --out.")
    source = read_source(file)
    document = source.only()
    library = Library(libraries)
    if kind_of(document) is DocumentKind.FLEET:
        spec = parse_fleet(document, file=source.name)
        pipeline = Pipeline(spec, library=library_for(spec, library))
        rendering = render_files(pipeline, pipeline.fleet, source.text, cluster, for_one=out is None)
    else:
        fleet_file = fleet_file or _found_fleet()
        fleet = load_fleet(fleet_file)
        library = library_for(fleet, library)
        tenants = tenants_beside(fleet_file, fleet, library)
        request = parse(document, fleet=fleet, library=library, tenants=tenants, file=source.name)
        rendering = render_files(
            Pipeline(fleet, library=library),
            request,
            without_modeline(source.text),
            cluster,
            for_one=out is None,
            parent=parent_of(request, tenants),
        )
    if out is None:
        click.echo(_as_list(rendering) if output_format == "json" else _as_stream(rendering), nl=False)
        return
    outcome = write_files(out, rendering.files, owned=rendering.owned, keep_stale=keep_stale, dry_run=dry_run)
    if output_format == "json":
        click.echo(json.dumps(asdict(outcome), indent=2))
    else:
        _say(out, outcome, dry_run=dry_run)
    for place in rendering.former:
        if (out / place).exists():
            message = f"Left alone: {out / place} is from a cluster that the request no longer names. Retire it there before you remove it."
            click.echo(message, err=True)


def _found_fleet() -> Path:
    found = find_fleet()
    click.echo(f"Fleet: {found}", err=True)
    return found


def _as_stream(rendering: Rendering) -> str:
    """Files with their comments, as one stream that an API server would take in one go."""
    files = {file.path: file.text for file in rendering.manifests.files}
    paths = dict.fromkeys(item.file for item in _in_order(rendering))
    return "---\n".join(f"# Source: {path}\n" + files[path].removeprefix("---\n") for path in paths)


def _in_order(rendering: Rendering) -> list[ManifestObject]:
    """The objects, Namespaces first: what is in one is refused before it is there."""
    return sorted(rendering.manifests.objects(), key=lambda item: item.kind != "Namespace")


def _as_list(rendering: Rendering) -> str:
    items = [item.body for item in _in_order(rendering)]
    return (
        json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2, ensure_ascii=False) + "\n"
    )


def _say(out: Path, outcome: WriteOutcome, *, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    for path in outcome.written if dry_run else ():
        click.echo(f"would write {out / path}")
    for path in outcome.removed:
        click.echo(f"{'would remove' if dry_run else 'removed'} {out / path}: rendered before, and no longer")
    for path in outcome.kept:
        click.echo(f"kept {out / path}: it is not part of this render", err=True)
    removed = f", {len(outcome.removed)} {would}removed" if outcome.removed else ""
    click.echo(f"{out}: {len(outcome.written)} {would}written, {len(outcome.unchanged)} unchanged{removed}.")
