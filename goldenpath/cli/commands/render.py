"""``goldenpath render``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from goldenpath.cli.accepted_input import accept_input
from goldenpath.cli.base_command import (
    ExampleCommand,
    cluster_option,
    fleet_option,
    folder_option,
    format_option,
    library_option,
)
from goldenpath.cli.echo import echo_json
from goldenpath.cli.editor_schema import without_modeline
from goldenpath.cli.render_output import Rendering, render_files
from goldenpath.file_output import WriteOutcome, write_files

if TYPE_CHECKING:
    from pathlib import Path

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
@folder_option("--out", help="Write the files to this folder.")
@click.option("--dry-run", is_flag=True, help="With --out: list the changes, and write nothing.")
@click.option(
    "--keep-stale",
    is_flag=True,
    help="With --out: keep manifests of an earlier render that this one no longer has.",
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

    FILE is a request (`-` reads it from standard input), or a fleet file, which renders the objects that the tenants of its
    clusters share.

    Without --out, the command prints the Kubernetes objects of one cluster as one YAML stream, or as one List in JSON.

    With --out and without --cluster, DIR becomes a fleet repository: it gets the manifests of every cluster, the catalog
    entry, the README and the request. With --cluster, DIR gets a folder named after the tenant with the manifests of that
    cluster, as the cookiecutter command writes it. Unchanged files are not written again. Manifests of an earlier render in
    the tenant's own folders are removed if they have goldenpath's label and hold no Namespace.
    """
    if out is None and (dry_run or keep_stale):
        raise click.UsageError("--dry-run and --keep-stale need --out.")
    accepted = accept_input(file, fleet_file, libraries)
    rendering = render_files(
        accepted.pipeline,
        accepted.spec,
        without_modeline(accepted.text),
        cluster,
        for_one=out is None,
        parent=accepted.parent,
    )
    if out is None:
        click.echo(_as_list(rendering) if output_format == "json" else _as_stream(rendering), nl=False)
        return
    outcome = write_files(out, rendering.files, owned=rendering.owned, keep_stale=keep_stale, dry_run=dry_run)
    if output_format == "json":
        echo_json(asdict(outcome))
    else:
        _print_outcome(out, outcome, dry_run=dry_run)
    for place in rendering.former:
        if (out / place).exists():
            message = f"Kept {out / place}: the request no longer names its cluster. Retire the tenant there before you remove the folder."
            click.echo(message, err=True)


def _as_stream(rendering: Rendering) -> str:
    """All files with their comments, as one stream in an order that an API server accepts."""
    files = {file.path: file.text for file in rendering.manifests.files}
    paths = dict.fromkeys(item.file for item in _in_order(rendering))
    return "---\n".join(f"# Source: {path}\n" + files[path].removeprefix("---\n") for path in paths)


def _in_order(rendering: Rendering) -> list[ManifestObject]:
    """The objects with Namespaces first, because an API server refuses objects of a missing Namespace."""
    return sorted(rendering.manifests.objects(), key=lambda item: item.kind != "Namespace")


def _as_list(rendering: Rendering) -> str:
    items = [item.body for item in _in_order(rendering)]
    return (
        json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2, ensure_ascii=False) + "\n"
    )


def _print_outcome(out: Path, outcome: WriteOutcome, *, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    for path in outcome.written if dry_run else ():
        click.echo(f"would write {out / path}")
    for path in outcome.removed:
        click.echo(f"{'would remove' if dry_run else 'removed'} {out / path}: no longer rendered")
    for path in outcome.kept:
        click.echo(f"kept {out / path}: not part of this render", err=True)
    removed = f", {len(outcome.removed)} {would}removed" if outcome.removed else ""
    click.echo(f"{out}: {len(outcome.written)} {would}written, {len(outcome.unchanged)} unchanged{removed}.")
