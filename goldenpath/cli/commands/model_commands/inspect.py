"""``goldenpath model inspect``."""

from __future__ import annotations

from typing import Any

import click

from goldenpath.cli.base_command import ExampleCommand, format_option
from goldenpath.cli.echo import echo_json
from goldenpath.cli.error_output import json_refusals
from goldenpath.cli.model_options import existing_folder, is_reference
from goldenpath.cli.registry_options import registry_at
from goldenpath.counts import counted

_REFUSED = 1


@click.command(
    name="inspect",
    cls=ExampleCommand,
    examples=(
        "goldenpath model inspect chat-8b",
        "goldenpath model inspect oci://registry.example.org/models/chat:v1",
        "goldenpath model inspect oci://registry.example.org/models/chat:v1 --format json",
    ),
)
@click.argument("target", metavar="DIR|oci://…")
@format_option("text", "json")
@click.pass_context
@json_refusals
def command(ctx: click.Context, *, target: str, output_format: str) -> None:
    """Show the files of a model's folder or image, and its metadata.

    For a folder, the command shows its weights, and every file that `goldenpath model pack` refuses, with the fix; the exit
    code is then 1. For an image, it shows digest, layers, annotations, bill of materials and model card, without fetching a
    layer. It verifies no signature.
    """
    if is_reference(target):
        _show_image(target, output_format)
        return
    from goldenpath.model_artifacts.contents import check_contents  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.model_artifacts.packing import model_files  # noqa: PLC0415

    folder = existing_folder(target)
    files = model_files(folder)
    contents = check_contents(folder, [file.path for file in files])
    if output_format == "json":
        document = {
            "format": "model-inspected/v1",
            "files": len(files),
            "bytes": sum(file.size for file in files),
            "weights": list(contents.weights),
            "formats": list(contents.formats),
            "findings": [finding.as_dict() for finding in contents.findings],
        }
        echo_json(document)
    else:
        formats = ", ".join(contents.formats) or "none"
        click.echo(
            f"{counted(len(files), 'file')}, {counted(sum(file.size for file in files), 'byte')}; weights: {formats}"
        )
        for finding in contents.findings:
            place = finding.file or target
            click.echo(f"{click.style('refused', fg='red')}  {place} {finding.message} [{finding.rule}]")
            click.echo(f"         Fix: {finding.fix}")
    ctx.exit(_REFUSED if contents.findings else 0)


def _show_image(target: str, output_format: str) -> None:
    from goldenpath.errors import RegistryError  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.model_artifacts.inspection import inspect_image  # noqa: PLC0415
    from goldenpath.model_artifacts.model_reference import ModelReference  # noqa: PLC0415

    reference = ModelReference.parse(target, "")
    with registry_at(reference.address) as client:
        repository = reference.repository
        digest = reference.digest or client.tag_digest(repository, reference.tag or "latest")
        if digest is None:
            raise RegistryError(
                f"{reference.address.host}/{repository}: has no tag {reference.tag or 'latest'}"
            )
        found = inspect_image(client, repository, digest)
    document: dict[str, Any] = {
        "format": "model-inspected/v1",
        "image": reference.at(digest),
        "digest": digest,
        "bytes": found.size,
        "layers": [{"digest": layer, "size": size} for layer, size in found.layers],
        "annotations": found.annotations,
        "bill_of_materials": found.bill,
        "model_card": found.card,
    }
    if output_format == "json":
        echo_json(document)
        return
    click.echo(f"{document['image']}\n{counted(len(found.layers), 'layer')}, {counted(found.size, 'byte')}")
    for key, value in sorted(found.annotations.items()):
        click.echo(f"  {key}: {value}")
    for title, part in (("bill of materials", found.bill), ("model card", found.card)):
        if part is None:
            click.echo(f"The registry does not have the {title} that the image names.")
