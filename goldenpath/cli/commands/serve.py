"""``goldenpath serve``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import ExampleCommand, file_option, library_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    name="serve",
    cls=ExampleCommand,
    examples=("goldenpath serve --repo ./fleet", "goldenpath serve --config serve.yaml --host 0.0.0.0"),
)
@file_option("--config", "file", help="Settings file; the options of this command override it.")
@click.option(
    "--repo",
    "repository",
    envvar="GOLDENPATH_REPO",
    show_envvar=True,
    metavar="URL|DIR",
    help="The fleet repository: a directory, or a URL that Git can reach.",
)
@click.option("--branch", metavar="NAME", help="Branch of the fleet repository. Default: its default branch.")
@click.option("--host", metavar="ADDRESS", help="Address to listen on. Default: only this machine.")
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="PORT", help="Port to listen on. Default: 7008."
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="Level of the log, which is JSON on stderr.",
)
@library_option
def command(file: Path | None, libraries: tuple[Path, ...], log_level: str, **given: Any) -> None:
    """Serve golden paths over HTTP, for Backstage and for internal tools.

    Without `backstage`, `tokens` or `spiffe` in the settings, callers are not authenticated, and the server answers only this
    machine. The ledger is a file in the user's state folder. GOLDENPATH_DATABASE names another database, such as PostgreSQL
    for more than one replica.
    """
    from goldenpath.cli.forge_options import fleet_forge  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.cli.repository_options import open_fleet  # noqa: PLC0415
    from goldenpath_backstage.server import serve  # noqa: PLC0415 - and these load FastAPI
    from goldenpath_backstage.settings import read_settings  # noqa: PLC0415
    from goldenpath_backstage.telemetry.logs import set_up_logging  # noqa: PLC0415

    changes = {name: value for name, value in given.items() if value is not None}
    if libraries:
        changes["libraries"] = [str(folder) for folder in libraries]
    settings = read_settings(file, environment=os.environ, changes=changes)
    set_up_logging(log_level)
    click.echo(f"Serving {settings.repository} on {settings.host}, port {settings.port or '(any)'}", err=True)
    with open_fleet(settings.repository, settings.branch, settings.libraries) as fleet:
        if not serve(settings, fleet=fleet, forge=fleet_forge(fleet, settings.forge, settings.forge_api)):
            raise click.exceptions.Exit(2)
