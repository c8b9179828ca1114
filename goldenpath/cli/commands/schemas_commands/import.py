"""``goldenpath schemas import``."""

# The module has the name of the command, and is imported by that name only.
# ruff: noqa: N999

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import ExampleCommand, folder_option, format_option
from goldenpath.cli.cluster_options import cluster_options, connection
from goldenpath.cli.echo import echo_json, echo_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

_DEFINITION = "CustomResourceDefinition"


@click.command(
    name="import",
    cls=ExampleCommand,
    examples=(
        "goldenpath schemas import --context eu-central --out schemas/",
        "goldenpath schemas import vendor/crds/ --out schemas/",
        "goldenpath check tenants/ clusters/ --schemas schemas/",
    ),
)
@click.argument("names", nargs=-1, metavar="[FILE|DIR]...", type=click.Path(exists=True))
@cluster_options
@folder_option("--out", required=True, help="Folder for the schemas, for `check --schemas`.")
@format_option("text", "json")
def command(
    names: tuple[str, ...], context: str | None, kubeconfig: str | None, out: Path, output_format: str
) -> None:
    """Import the kinds of a cluster or a folder as strict schemas for `check`.

    The command reads the CustomResourceDefinitions of the cluster of --context, or of YAML files. Each served version becomes
    a JSON Schema that refuses unknown fields. An imported schema replaces the built-in schema of the same kind, because it is
    the version that really runs. Unchanged files are not written again.
    """
    from goldenpath.live import import_schemas  # noqa: PLC0415 - `--help` needs none of it

    if names and context is not None:
        raise click.UsageError("Give files and folders, or --context; not both.")
    if not names and context is None:
        raise click.UsageError("Give files or folders with CustomResourceDefinitions, or --context.")
    result = import_schemas(_of_files(names) if names else _of_cluster(context, kubeconfig), out)
    if output_format == "json":
        echo_json(result.as_dict())
        return
    echo_lines(result.kinds)
    click.echo(
        f"{out}: {len(result.kinds)} kinds; {len(result.written)} files written, {len(result.removed)} removed."
    )


def _of_cluster(context: str | None, kubeconfig: str | None) -> Iterable[dict[str, Any]]:
    from goldenpath.cluster import custom_resource_definitions  # noqa: PLC0415 - `--help` needs none of it

    with connection(context, kubeconfig) as cluster:
        return custom_resource_definitions(cluster)


def _of_files(names: Iterable[str]) -> list[dict[str, Any]]:
    from goldenpath.cli.input_files import read_source, yaml_files  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.errors import InputError  # noqa: PLC0415

    found = [
        document
        for name in names
        for file in (yaml_files(Path(name)) if Path(name).is_dir() else (name,))
        for document in read_source(file).documents
        if isinstance(document, dict) and document.get("kind") == _DEFINITION
    ]
    if not found:
        raise InputError.of("", "nothing-to-import", f"there is no {_DEFINITION} in {', '.join(names)}")
    return found
