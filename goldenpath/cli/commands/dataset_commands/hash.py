"""``goldenpath dataset hash``."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import ExampleCommand, file_option, format_option
from goldenpath.cli.echo import echo_json
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
@file_option("--manifest", help="Write the manifest to this file, and its index to FILE.index.")
@file_option(
    "--previous",
    help="The manifest of an earlier run, with its index. A file with the same size, times and inode number is not read again, which trusts the file system.",
)
@click.option("--full", is_flag=True, help="Read every file, and ignore the index of --previous.")
@file_option("--croissant", help="Write a Croissant 1.1 document to this file.")
@file_option("--openlineage", help="Write the OpenLineage dataset with its facets to this file.")
@click.option(
    "--name", metavar="NAME", help="The dataset's name in both documents. Default: the folder's name."
)
@click.option(
    "--namespace",
    default="file",
    show_default=True,
    metavar="NAME",
    help="OpenLineage's namespace, such as s3://bucket.",
)
@click.option(
    "--about",
    multiple=True,
    metavar="KEY=TEXT",
    help="A property for Croissant: description, license, url, version or datePublished; may be given again.",
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
    """Hash a folder: write a manifest of its files, and one digest for all of them.

    The manifest has a line for each file with SHA-256, size and path, in the byte order of the paths. The digest is the
    SHA-256 of the manifest. It changes with any name, size or byte, and does not depend on order or times. Empty folders
    count.

    The command refuses symbolic links, special files, names that are not UTF-8, unreadable files, and files that change
    during the run, and names the path of each. It includes every file, also hidden files and `.git`.
    """
    from goldenpath.cli.hash_progress import hash_progress  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.datasets.hashing import hash_dataset  # noqa: PLC0415

    properties = _properties(about)
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
            document = croissant_document(
                result.dataset, place, name=title, about=properties, manifest_url=url
            )
            _write(croissant, document)
    if openlineage is not None:
        from goldenpath.datasets.lineage_facet import lineage_dataset  # noqa: PLC0415

        _write(openlineage, lineage_dataset(result.dataset, namespace=namespace, name=title))
    if output_format == "json":
        echo_json(_as_dict(result, manifest))
        return
    click.echo(
        f"{result.dataset.digest}  {counted(result.dataset.files, 'file')}, {counted(result.dataset.size, 'byte')}"
    )
    if result.has_index is False:
        click.echo(f"{previous} has no index of its own, so every file was read.", err=True)
    elif result.trusted:
        click.echo(f"{result.trusted:,} files were not read: size, times and inode are unchanged.", err=True)


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


def _properties(about: tuple[str, ...]) -> dict[str, str]:
    from goldenpath.errors import InputError, Problem  # noqa: PLC0415

    properties: dict[str, str] = {}
    problems = []
    for text in about:
        key, is_given, value = text.partition("=")
        if not is_given or key not in _ABOUT:
            message = f"must be KEY=TEXT, where KEY is one of {', '.join(_ABOUT)}"
            problems.append(Problem("--about", "about", message, text))
        properties[key] = value
    if problems:
        raise InputError(problems)
    return properties


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
