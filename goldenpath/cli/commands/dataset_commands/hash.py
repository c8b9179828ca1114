"""``goldenpath dataset hash``."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import ExampleCommand, format_option
from goldenpath.cli.error_output import json_refusals
from goldenpath.counts import counted

if TYPE_CHECKING:
    from goldenpath.datasets.hashing import HashedDataset

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(
    name="hash",
    cls=ExampleCommand,
    examples=(
        "goldenpath dataset hash images",
        "goldenpath dataset hash images --manifest images.manifest",
        "goldenpath dataset hash images --manifest new.manifest --previous images.manifest",
        "goldenpath dataset hash images --croissant images.json --about license=CC-BY-4.0 --about url=https://data.example.org/images",
        "goldenpath dataset hash images --openlineage facets.json --format json",
    ),
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.option(
    "--manifest", type=_FILE, metavar="FILE", help="Write the manifest here, and FILE.index beside it."
)
@click.option(
    "--previous",
    type=_FILE,
    metavar="FILE",
    help="The manifest of an earlier run, with its index: a file with the same size, times and inode number is not read. This trusts the file system.",
)
@click.option("--full", is_flag=True, help="Read every file, whatever the index of --previous says.")
@click.option("--croissant", type=_FILE, metavar="FILE", help="Write a Croissant 1.1 document here.")
@click.option(
    "--openlineage",
    type=_FILE,
    metavar="FILE",
    help="Write the dataset with its facets for OpenLineage here.",
)
@click.option("--name", metavar="NAME", help="The dataset's name in both; without it, the folder's.")
@click.option(
    "--namespace",
    default="file",
    show_default=True,
    metavar="NAME",
    help="OpenLineage's namespace: s3://bucket.",
)
@click.option(
    "--about",
    multiple=True,
    metavar="KEY=TEXT",
    help="What Croissant says of the dataset: description, license, url, version or datePublished; may be given again.",
)
@format_option("text", "json")
@json_refusals
def command(
    *,
    folder: Path,
    manifest: Path | None,
    previous: Path | None,
    full: bool,
    croissant: Path | None,
    openlineage: Path | None,
    name: str | None,
    namespace: str,
    about: tuple[str, ...],
    output_format: str,
) -> None:
    """Hash a folder: a manifest of its files, and one digest for all of them.

    The manifest has a line for each file, in the order of the bytes of their paths: SHA-256, size, path. The digest is the
    SHA-256 of the manifest, so that any name, size or byte changes it, and neither order nor times do. An empty folder
    counts, too.

    Symbolic links, special files, names that are not UTF-8, files that cannot be read and files that change meanwhile are
    refused, each by its path. Nothing is left out: not `.git`, not hidden files.
    """
    from goldenpath.cli.hash_progress import hash_progress  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.datasets.hashing import hash_dataset  # noqa: PLC0415

    said = _said(about)
    outputs = [each for each in (croissant, openlineage) if each is not None]
    _check_outputs(folder, outputs)
    with ExitStack() as stack:
        place = manifest
        if place is None and croissant is not None:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory()), "manifest")
        progress = stack.enter_context(hash_progress())
        result = hash_dataset(folder, manifest=place, previous=None if full else previous, progress=progress)
        title = name or folder.resolve().name
        if croissant is not None and place is not None:
            from goldenpath.datasets.croissant import croissant_document  # noqa: PLC0415

            url = manifest.name if manifest is not None else None
            _write(
                croissant, croissant_document(result.dataset, place, name=title, about=said, manifest_url=url)
            )
    if openlineage is not None:
        from goldenpath.datasets.lineage_facet import lineage_dataset  # noqa: PLC0415

        _write(openlineage, lineage_dataset(result.dataset, namespace=namespace, name=title))
    if output_format == "json":
        click.echo(json.dumps(_as_dict(result, manifest), indent=2, ensure_ascii=False))
        return
    click.echo(
        f"{result.dataset.digest}  {counted(result.dataset.files, 'file')}, {counted(result.dataset.size, 'byte')}"
    )
    if result.has_index is False:
        click.echo(f"{previous} has no index that belongs to it: every file was read.", err=True)
    elif result.trusted:
        click.echo(
            f"{result.trusted:,} files were not read: size, times and inode are as they were.", err=True
        )


def _as_dict(result: HashedDataset, manifest: Path | None) -> dict[str, Any]:
    return {
        "format": "dataset-hashed/v1",
        "digest": result.dataset.digest,
        "files": result.dataset.files,
        "bytes": result.dataset.size,
        "read_bytes": result.read,
        "trusted_files": result.trusted,
        "manifest": None if manifest is None else str(manifest),
    }


_ABOUT = ("description", "license", "url", "version", "datePublished")


def _said(about: tuple[str, ...]) -> dict[str, str]:
    from goldenpath.errors import InputError, Problem  # noqa: PLC0415

    said: dict[str, str] = {}
    problems = []
    for text in about:
        key, is_given, value = text.partition("=")
        if not is_given or key not in _ABOUT:
            message = f"must be KEY=TEXT, where KEY is one of {', '.join(_ABOUT)}"
            problems.append(Problem("--about", "about", message, text))
        said[key] = value
    if problems:
        raise InputError(problems)
    return said


def _check_outputs(folder: Path, files: list[Path]) -> None:
    from goldenpath.errors import InputError, Problem  # noqa: PLC0415

    place = folder.resolve()
    problems = [
        Problem(
            "", "inside", "would be a part of the dataset; name a file outside the folder", file=str(file)
        )
        for file in files
        if place in file.resolve().parents
    ]
    if problems:
        raise InputError(problems)


def _write(file: Path, document: dict[str, Any]) -> None:
    from goldenpath.errors import InputError  # noqa: PLC0415

    try:
        file.write_text(f"{json.dumps(document, indent=2, ensure_ascii=False)}\n", encoding="utf-8")
    except OSError as error:
        raise InputError.of(
            "", "unwritable", f"cannot be written: {error.strerror}", file=str(file)
        ) from None
