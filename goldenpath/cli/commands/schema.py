"""``goldenpath schema``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath import kubeyaml
from goldenpath.cli import completion_items
from goldenpath.cli.base_command import ExampleCommand, file_option, library_option
from goldenpath.cli.echo import echo_json
from goldenpath.cli.editor_schema import schema_location
from goldenpath.cli.golden_path_argument import golden_path_named
from goldenpath.describe.backstage_template import template_entity
from goldenpath.describe.cookiecutter_variables import cookiecutter_json
from goldenpath.describe.json_schema import json_schema
from goldenpath.errors import InputError
from goldenpath.paths import Library
from goldenpath.pipeline import load_fleet

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    name="schema",
    cls=ExampleCommand,
    examples=(
        "goldenpath schema tenant --as json-schema > tenant.schema.json",
        "goldenpath schema tenant --as location",
        "goldenpath schema tenant --as backstage --fleet goldenpath.yaml > template.yaml",
    ),
)
@click.argument("name", metavar="GOLDEN_PATH", shell_complete=completion_items.golden_paths)
@click.option(
    "--as",
    "form",
    type=click.Choice(["json-schema", "cookiecutter", "backstage", "location"]),
    default="json-schema",
    show_default=True,
    help="JSON Schema for editors, cookiecutter.json, the backend's Backstage template (YAML), or the file URL of the JSON Schema.",
)
@file_option(
    "--fleet",
    "fleet_file",
    help="With --as backstage: the fleet with the clusters and accelerators of the form.",
)
@library_option
def command(name: str, form: str, fleet_file: Path | None, libraries: tuple[Path, ...]) -> None:
    """Print the schema of a golden path's request.

    With the JSON Schema, an editor completes and checks a request while you type. Requests that goldenpath writes name the
    schema in their first line. `--as location` prints its URL for an editor's settings.
    """
    if fleet_file is not None and form != "backstage":
        raise click.UsageError("--fleet needs --as backstage.")
    path = golden_path_named(Library(libraries), name)
    if form == "location":
        file = schema_location(path)
        if file is None:
            message = "is not a built-in golden path, so there is no schema file; write one: goldenpath schema NAME > FILE"
            raise InputError.of("GOLDEN_PATH", "no-schema-file", message, name)
        click.echo(file.as_uri())
    elif form == "backstage":
        fleet = None if fleet_file is None else load_fleet(fleet_file)
        click.echo(kubeyaml.dump(template_entity(path, fleet)), nl=False)
    else:
        schema = json_schema(path) if form == "json-schema" else cookiecutter_json(path)
        echo_json(schema)
