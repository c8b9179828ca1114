"""``goldenpath dataset verify``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, format_option
from goldenpath.cli.echo import echo_json
from goldenpath.cli.error_output import json_refusals
from goldenpath.counts import counted

if TYPE_CHECKING:
    from goldenpath.datasets.croissant import CroissantVerdict
    from goldenpath.datasets.folder_verification import DatasetVerdict

_DIFFERS = 1


@click.command(
    name="verify",
    cls=ExampleCommand,
    examples=(
        "goldenpath dataset verify images images.manifest",
        "goldenpath dataset verify images sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        "goldenpath dataset verify images croissant.json --format json",
    ),
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.argument("expected", metavar="MANIFEST")
@format_option("text", "json")
@click.pass_context
@json_refusals
def command(ctx: click.Context, *, folder: Path, expected: str, output_format: str) -> None:
    """Compare a folder with a manifest, a digest or a Croissant document.

    MANIFEST is a file of `goldenpath dataset hash`, or its digest (sha256:…). The folder must have exactly its files. The
    command reads every file and trusts no index. With a manifest, it lists each difference.

    MANIFEST may also be a Croissant document in JSON. The command then verifies each named file that has a SHA-256, and lists
    entries without one, such as a FileSet, as not verified. It ignores files that the document does not name.

    Exit code 0: no difference. 1: a difference. 2: the folder cannot be hashed.
    """
    from goldenpath.datasets.dataset_manifest import DIGEST, is_manifest  # noqa: PLC0415 - `--help` needs none of it

    wanted: str | Path = expected if DIGEST.fullmatch(expected) else Path(expected)
    if isinstance(wanted, Path) and not is_manifest(wanted):
        from goldenpath.datasets.croissant import verify_croissant  # noqa: PLC0415

        named = verify_croissant(folder, wanted)
        _show_croissant(named, output_format)
        ctx.exit(0 if named.is_same else _DIFFERS)
    from goldenpath.cli.hash_progress import hash_progress  # noqa: PLC0415
    from goldenpath.datasets.folder_verification import verify_dataset  # noqa: PLC0415

    with hash_progress() as progress:
        verdict = verify_dataset(folder, wanted, progress=progress)
    _show(verdict, output_format)
    ctx.exit(0 if verdict.is_same else _DIFFERS)


def _show(verdict: DatasetVerdict, output_format: str) -> None:
    if output_format == "json":
        document = {
            "format": "dataset-verified/v1",
            "same": verdict.is_same,
            "expected": verdict.expected,
            "digest": verdict.found.digest,
            "files": verdict.found.files,
            "bytes": verdict.found.size,
            "difference_count": verdict.count,
            "differences": [asdict(each) for each in verdict.differences],
        }
        echo_json(document)
        return
    if verdict.is_same:
        click.echo(
            f"ok  {verdict.found.digest}  {counted(verdict.found.files, 'file')}, {counted(verdict.found.size, 'byte')}"
        )
        return
    for each in verdict.differences:
        click.echo(f"{click.style(each.what, fg='red')}  {each.path} {each.message}")
    if verdict.count is not None and verdict.count > len(verdict.differences):
        click.echo(f"… and {verdict.count - len(verdict.differences):,} more differences")
    click.echo(f"The folder has the digest {verdict.found.digest}, not {verdict.expected}.")


def _show_croissant(verdict: CroissantVerdict, output_format: str) -> None:
    counts = {state: verdict.count(state) for state in ("same", "changed", "missing", "unpinned")}
    if output_format == "json":
        document = {
            "format": "croissant-verified/v1",
            "same": verdict.is_same,
            "counts": counts,
            "files": [asdict(each) for each in verdict.files],
        }
        echo_json(document)
        return
    colors = {"changed": "red", "missing": "red", "unpinned": "yellow"}
    for each in verdict.files:
        if each.state != "same":
            click.echo(f"{click.style(each.state, fg=colors[each.state])}  {each.name}: {each.message}")
    click.echo(", ".join(f"{count:,} {state}" for state, count in counts.items()) + ".")
    if not counts["same"] and not counts["changed"] and not counts["missing"]:
        click.echo("No file has a SHA-256, so nothing was verified.")
