"""``goldenpath model sign``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import ExampleCommand, format_option
from goldenpath.cli.echo import echo_json
from goldenpath.cli.error_output import json_refusals
from goldenpath.cli.model_options import existing_folder, is_reference, pairs, signature_options
from goldenpath.cli.registry_options import registry_at
from goldenpath.cli.signing_options import open_signer, signer_options

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    name="sign",
    cls=ExampleCommand,
    examples=(
        "goldenpath model sign chat-8b --key model.key",
        "goldenpath model sign oci://registry.example.org/models/chat@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae --key model.key --annotation tenant=vision",
    ),
)
@click.argument("target", metavar="DIR|oci://…@sha256:…")
@signer_options
@signature_options(
    signature="The file for the signature of a folder. Default: model.sig in the folder.",
    annotation="An annotation in the signature of an image, such as its tenant; may be given again.",
)
@format_option("text", "json")
@json_refusals
def command(
    *,
    target: str,
    key: str,
    signature: Path | None,
    annotations: tuple[str, ...],
    output_format: str,
    **certificate: Any,
) -> None:
    """Sign a model: its folder by OpenSSF Model Signing, or its image as cosign does.

    The signature of a folder is the file `model.sig`, which `model_signing verify` reads. Sign before `goldenpath model pack`,
    so that the image has it too. The signature of an image is attached to its manifest in the registry, where cosign, Flux
    and Kyverno find it. Use the key only for models: these three accept everything that it signs about an image as the
    image's signature.
    """
    values = pairs(annotations, "--annotation", "KEY=VALUE")
    with open_signer(key, **certificate) as signer:
        if is_reference(target):
            from goldenpath.model_artifacts.image_signature import sign_image  # noqa: PLC0415 - `--help` needs none of it
            from goldenpath.model_artifacts.model_reference import ModelReference  # noqa: PLC0415

            reference = ModelReference.parse(target, "", is_pinned=True)
            with registry_at(reference.address) as client:
                sign_image(client, reference.repository, reference.digest, signer, values)
            signed = {"image": reference.at(reference.digest), "annotations": values}
            text = f"signed {signed['image']}"
        else:
            from goldenpath.model_artifacts.oms import SIGNATURE_FILE, sign_folder  # noqa: PLC0415

            folder = existing_folder(target)
            place = signature or folder / SIGNATURE_FILE
            _write(place, sign_folder(folder, signer))
            signed = {"folder": str(folder), "signature": str(place)}
            text = f"signed {folder}: {place}"
    if output_format == "json":
        echo_json({"format": "model-signed/v1", **signed})
    else:
        click.echo(text)


def _write(file: Path, data: bytes) -> None:
    from goldenpath.errors import InputError  # noqa: PLC0415

    unfinished = file.with_name(f".{file.name}.tmp")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(file)
    except OSError as error:
        raise InputError.of(
            "--signature", "unwritable", f"cannot be written: {error.strerror}", file=str(file)
        ) from None
