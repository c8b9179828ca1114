"""``goldenpath model verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import ExampleCommand, format_option
from goldenpath.cli.echo import echo_json
from goldenpath.cli.error_output import json_refusals
from goldenpath.cli.model_options import existing_folder, is_reference, pairs, signature_options
from goldenpath.cli.registry_options import registry_at
from goldenpath.cli.signing_options import chosen_trust, trust_options
from goldenpath.errors import ArtifactRefusedError

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    name="verify",
    cls=ExampleCommand,
    examples=(
        "goldenpath model verify chat-8b --key model.pub",
        "goldenpath model verify oci://registry.example.org/models/chat@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae --key model.pub --annotation tenant=vision",
    ),
)
@click.argument("target", metavar="DIR|oci://…@sha256:…")
@trust_options
@signature_options(
    signature="The file with the signature of a folder. Default: model.sig in the folder.",
    annotation="An annotation that the signature of an image must have, and no others; may be given again.",
)
@format_option("text", "json")
@click.pass_context
@json_refusals
def command(
    ctx: click.Context,
    /,
    *,
    target: str,
    signature: Path | None,
    annotations: tuple[str, ...],
    output_format: str,
    **trusted: Any,
) -> None:
    """Verify the signature of a model's folder, or of its image.

    The `model.sig` of a folder may come from goldenpath or from `model_signing`. The command reads every file. It also
    refuses files that the signature ignores, files under `.git` and `.github`, empty folders, symbolic links, and signatures
    by a certificate whose holder or time is not verified.

    For an image, one attached signature must be for this digest and this purpose, by the key or the identity, with exactly
    these annotations.

    Exit code 0: the signature is valid. 1: the model is refused. 2: the model cannot be read.
    """
    trust = chosen_trust(**trusted)
    values = pairs(annotations, "--annotation", "KEY=VALUE")
    found: dict[str, Any] = {"format": "model-verified/v1", "model": target, "holds": True}
    refusal: ArtifactRefusedError | None = None
    try:
        if is_reference(target):
            from goldenpath.model_artifacts.image_signature import verify_image  # noqa: PLC0415 - `--help` needs none of it
            from goldenpath.model_artifacts.model_reference import ModelReference  # noqa: PLC0415

            reference = ModelReference.parse(target, "", is_pinned=True)
            with registry_at(reference.address) as client:
                verify_image(client, reference.repository, reference.digest, trust, values)
            found["digest"] = reference.digest
        else:
            from goldenpath.model_artifacts.oms import SIGNATURE_FILE, verify_folder  # noqa: PLC0415

            folder = existing_folder(target)
            verified = verify_folder(folder, signature or folder / SIGNATURE_FILE, trust)
            found |= {"tree": verified.tree, "files": verified.files, "name": verified.name}
    except ArtifactRefusedError as error:
        refusal = error
        found |= {"holds": False, "rule": error.rule, "error": str(error)}
    if output_format == "json":
        echo_json(found)
    elif refusal is not None:
        click.echo(f"{click.style('refused', fg='red')}  {target}: {refusal} [{refusal.rule}]")
    else:
        click.echo(f"{click.style('ok', fg='green')}  {target}  {found.get('tree') or found.get('digest')}")
    ctx.exit(0 if refusal is None else refusal.exit_code)
