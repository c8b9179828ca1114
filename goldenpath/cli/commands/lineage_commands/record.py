"""``goldenpath lineage record``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, file_option, repeatable_option
from goldenpath.counts import counted
from goldenpath.errors import ArtifactRefusedError, InputError

if TYPE_CHECKING:
    from goldenpath.provenance.lineage_record import InputRecord, WantedInput

_REFUSED = 1


@click.command(
    name="record",
    cls=ExampleCommand,
    examples=(
        "goldenpath lineage record --image dataset-reports=/datasets/reports=sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        "goldenpath lineage record --to record.json --tree dataset-reports=./reports=sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    ),
)
@repeatable_option(
    "--image",
    "images",
    metavar="NAME=DIR=DIGEST",
    help="An input in an image volume, and the digest of its manifest",
)
@repeatable_option(
    "--tree", "trees", metavar="NAME=DIR=DIGEST", help="An input on a volume, and its required tree digest"
)
@file_option(
    "--to",
    "file",
    default=Path("/dev/termination-log"),
    show_default=True,
    help="The file for the record; the kubelet keeps the default file.",
)
@click.pass_context
def command(ctx: click.Context, *, images: tuple[str, ...], trees: tuple[str, ...], file: Path) -> None:
    """Hash the inputs of a run before training, as the first step of a run does.

    A run of the golden path model-pipeline starts with this command. It reads every file of every input, and writes a record.
    An input on a volume must have the requested tree digest (`goldenpath dataset hash`). The kubelet verifies the digest of
    an image volume, and the record has its tree digest.

    Exit code 0: every input is the requested one. 1: an input differs. 2: an input cannot be hashed.
    """
    from goldenpath.provenance.lineage_record import LineageRecord, WantedInput  # noqa: PLC0415 - for `--help`

    wanted = [
        *(WantedInput.parse("image", text) for text in images),
        *(WantedInput.parse("tree", text) for text in trees),
    ]
    if not wanted:
        raise InputError.of(
            "--image", "required", "is required: give at least one input with --image or --tree"
        )
    record = LineageRecord(tuple(map(_hashed, wanted)))
    line = record.line()
    try:
        record.match(wanted)
    except ArtifactRefusedError as error:
        _write(file, str(error))
        click.echo(f"{error.rule}: {error}", err=True)
        ctx.exit(_REFUSED)
    _write(file, line)
    for each in record.inputs:
        click.echo(
            f"ok  {each.name}  sha256:{each.tree}  {counted(each.files, 'file')}, {counted(each.bytes, 'byte')}"
        )


def _hashed(wanted: WantedInput) -> InputRecord:
    from goldenpath.datasets.hashing import hash_dataset  # noqa: PLC0415
    from goldenpath.provenance.lineage_record import InputRecord  # noqa: PLC0415

    found = hash_dataset(Path(wanted.folder)).dataset
    return InputRecord(wanted.name, found.digest.removeprefix("sha256:"), found.files, found.size)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError.of("--to", "no-file", f"cannot be written: {error.strerror}", str(file)) from None
