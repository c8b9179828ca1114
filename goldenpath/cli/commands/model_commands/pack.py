"""``goldenpath model pack``."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, repeatable_option
from goldenpath.cli.echo import echo_json
from goldenpath.cli.error_output import json_refusals
from goldenpath.cli.model_options import pairs
from goldenpath.cli.registry_options import registry_at
from goldenpath.counts import counted
from goldenpath.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.model_artifacts.packing import PackedModel

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@click.command(
    name="pack",
    cls=ExampleCommand,
    examples=(
        "goldenpath model pack chat-8b --to oci://registry.example.org/models/chat:v1",
        "goldenpath model pack chat-8b --to oci://registry.example.org/models/chat --dataset dialogues=sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        "goldenpath model pack chat-8b --dry-run --format json",
        "goldenpath model pack chat-8b --to oci://localhost:5000/chat --allow 'model-remote-code=reviewed in pull request 7'",
    ),
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.option(
    "--to", "target", metavar="oci://HOST/REPOSITORY[:TAG]", help="The target; the tag is set last."
)
@click.option("--dry-run", is_flag=True, help="Check the folder and compute the digest, but send nothing.")
@click.option("--name", default="", metavar="NAME", help="The model's name. Default: the folder's name.")
@repeatable_option(
    "--dataset",
    "datasets",
    metavar="NAME=sha256:…",
    help="A training dataset, with its digest from `goldenpath dataset hash`",
)
@click.option("--base-model", default="", metavar="REFERENCE", help="The base model, with its digest.")
@click.option("--license", "license_", default="", metavar="SPDX", help="The license, as an SPDX expression.")
@click.option(
    "--allow",
    multiple=True,
    metavar="RULE=REASON",
    help="Accept the findings of a rule; the reason is recorded in the image. May be given again.",
)
@format_option("text", "json")
@json_refusals
def command(
    *,
    folder: Path,
    target: str | None,
    dry_run: bool,
    name: str,
    datasets: tuple[str, ...],
    base_model: str,
    license_: str,
    allow: tuple[str, ...],
    output_format: str,
) -> None:
    """Check a model's folder, and push it to a registry as an image that nodes mount.

    Weights must be safetensors, GGUF or ONNX by their bytes, not only by their names. The command refuses pickle, archives,
    code, and configurations that make a loader fetch code, and names the fix for each file.

    Kubernetes mounts the image as an image volume. Its layers are plain archives with constant modes and times, so the same
    folder and options give the same digest on every machine. Large files are streamed, and layers that the registry has are
    not sent again. The image names a bill of materials (CycloneDX) and a model card by digest, which are pushed with it.
    """
    labels = _labels(name, datasets, base_model, license_, allow)
    if target is None and not dry_run:
        raise InputError.of(
            "--to",
            "missing",
            "is required: give the model's place in a registry, or --dry-run to send nothing",
        )
    from goldenpath.model_artifacts.model_reference import ModelReference  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.model_artifacts.packing import ModelLabels, pack_model, push_model  # noqa: PLC0415

    reference = ModelReference.parse(target, "--to") if target is not None else None
    if reference is not None and reference.digest:
        raise InputError.of(
            "--to", "model-reference", "must have no digest, because the folder decides it", target
        )
    with _progress("Reading", folder) as on_read:
        model = pack_model(folder, ModelLabels(**labels), on_read)
    if reference is not None and not dry_run:
        with registry_at(reference.address) as client, _progress("Sending", folder) as on_sent:
            push_model(client, reference.repository, model, tag=reference.tag, on_sent=on_sent)
    place = None if reference is None else reference.at(model.digest)
    if output_format == "json":
        echo_json(_as_dict(model, place, is_sent=not dry_run))
        return
    click.echo(place or model.digest)
    size = sum(layer.layer.size for layer in model.layers)
    sent = "not sent" if dry_run else "sent"
    click.echo(
        f"{counted(model.tree.files, 'file')}, {counted(len(model.layers), 'layer')}, {counted(size, 'byte')}, {sent}; "
        f"files {model.tree.digest}"
    )
    for finding in model.contents.findings:
        click.echo(f"accepted: {finding.file} {finding.message} [{finding.rule}]")


def _labels(
    name: str, datasets: tuple[str, ...], base_model: str, license_: str, allow: tuple[str, ...]
) -> dict[str, Any]:
    named = pairs(datasets, "--dataset", "NAME=sha256:…")
    problems = [
        Problem("--dataset", "digest", "must end in a digest: sha256: and 64 hex digits", f"{key}={value}")
        for key, value in named.items()
        if not _DIGEST.fullmatch(value)
    ]
    if base_model and not _DIGEST.search(base_model):
        problems.append(Problem("--base-model", "digest", "must have a digest (@sha256:…)", base_model))
    if problems:
        raise InputError(problems)
    return {
        "name": name,
        "datasets": named,
        "base_model": base_model,
        "license": license_,
        "allowed": pairs(allow, "--allow", "RULE=REASON"),
    }


def _as_dict(model: PackedModel, place: str | None, *, is_sent: bool) -> dict[str, Any]:
    return {
        "format": "model-packed/v1",
        "digest": model.digest,
        "image": place,
        "sent": is_sent,
        "tree": model.tree.digest,
        "files": model.tree.files,
        "formats": list(model.contents.formats),
        "layers": [{"digest": layer.digest, "size": layer.layer.size} for layer in model.layers],
        "bill_of_materials": model.bill.digest,
        "model_card": model.card.digest,
        "accepted": [finding.as_dict() for finding in model.contents.findings],
    }


@contextmanager
def _progress(verb: str, folder: Path) -> Iterator[Callable[[int], None]]:
    """Show the number of bytes that threads have read or sent."""
    from goldenpath.cli.hash_progress import hash_progress  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.datasets.hashing import HashProgress  # noqa: PLC0415

    sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
    lock = threading.Lock()
    done = 0
    with hash_progress(verb) as show:

        def count(size: int) -> None:
            nonlocal done
            with lock:
                done += size
                # The count includes headers of the archive, which are in no file.
                show(HashProgress(min(done, sum(sizes)), sum(sizes), len(sizes), is_found=True))

        yield count
