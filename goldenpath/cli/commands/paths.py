"""``goldenpath paths``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.echo import echo_json
from goldenpath.kinds import kind_of
from goldenpath.paths import GoldenPath, Library

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    name="paths", cls=ExampleCommand, examples=("goldenpath paths", "goldenpath paths --format json")
)
@library_option
@format_option("text", "json")
def command(libraries: tuple[Path, ...], output_format: str) -> None:
    """List the golden paths and their purposes.

    A request names a golden path with its major version, such as `tenant/v1`.
    """
    paths = list(Library(libraries))
    if output_format == "json":
        echo_json([_as_dict(path) for path in paths])
        return
    for path in paths:
        kind = kind_of(path)
        source = f"a {kind.model.noun}'s request" if kind.is_requested else "the fleet"
        details = f"{path.version}, {path.metadata.lifecycle}, from {source}"
        click.echo(f"{click.style(path.major, bold=True)}  {path.metadata.title} ({details})")
        click.echo(click.wrap_text(path.metadata.summary, initial_indent="  ", subsequent_indent="  "))
        for name, schema in path.inputs.schema["properties"].items():
            click.echo(
                f"  input {click.style(name, bold=True)}: {schema.get('description', schema.get('type', 'any value'))}"
            )


def _as_dict(path: GoldenPath) -> dict[str, Any]:
    metadata = path.metadata
    return {
        "name": path.name,
        "major": path.major,
        "version": path.version,
        "title": metadata.title,
        "summary": metadata.summary,
        "owner": metadata.owner,
        "lifecycle": metadata.lifecycle,
        "rendered_from": metadata.kind,
        "inputs": path.inputs.schema,
    }
