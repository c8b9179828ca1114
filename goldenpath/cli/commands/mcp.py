"""``goldenpath mcp``."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, library_option

if TYPE_CHECKING:
    from goldenpath.fleet import Fleet
    from goldenpath.forges import Forge


@click.command(
    name="mcp",
    cls=ExampleCommand,
    examples=(
        "goldenpath mcp --repo ./fleet",
        "goldenpath mcp --repo https://git.example.org/platform/fleet.git --allow-publish",
        "goldenpath mcp --http --config serve.yaml",
    ),
)
@click.option(
    "--repo",
    "repository",
    envvar="GOLDENPATH_REPO",
    show_envvar=True,
    metavar="URL|DIR",
    help="The fleet repository: a directory, or a URL that Git can reach. Default: the one of the current folder.",
)
@click.option("--branch", metavar="NAME", help="Branch of the fleet repository; its default one otherwise.")
@click.option(
    "--kubeconfig",
    envvar="KUBECONFIG",
    metavar="FILE",
    help="The kubeconfig for `status` with `live`; its contexts have the names of the clusters.",
)
@click.option(
    "--allow-publish",
    is_flag=True,
    help="Offer `publish`, which opens a pull request of a plan by its digest; without it, every tool reads.",
)
@click.option(
    "--http",
    is_flag=True,
    help="Streamable HTTP at /mcp beside the backend's own routes, with its authentication, instead of stdio.",
)
@click.option(
    "--config",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="With --http: the backend's settings.",
)
@library_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    repository: str | None,
    branch: str | None,
    kubeconfig: str | None,
    allow_publish: bool,
    http: bool,
    file: Path | None,
    libraries: tuple[Path, ...],
) -> None:
    """Serve goldenpath's tools to an assistant, over the Model Context Protocol.

    An assistant starts this and speaks on standard input and output. It can explain, look up schemas and accelerators,
    size a model, render, check, plan, and see the status and the findings. Every tool reads, with the rights of the
    person who runs it. Answers hold no credential, and name what other people wrote.

    With --http, it is `goldenpath serve` with the tools at /mcp: who may call is decided by the backend's settings.
    """
    mode = "publish" if allow_publish else "read-only"
    if http:
        from goldenpath.cli.commands.serve import command as serve  # noqa: PLC0415 - loads only what it runs

        said = {"repository": repository, "branch": branch, "mcp": mode, "kubeconfig": kubeconfig}
        ctx.invoke(
            serve, file=file, libraries=libraries, **{key: value for key, value in said.items() if value}
        )
        return
    if file is not None:
        raise click.UsageError("--config needs --http.")
    _serve_stdio(repository, branch, kubeconfig, libraries, allow_publish=allow_publish)


def _serve_stdio(
    repository: str | None,
    branch: str | None,
    kubeconfig: str | None,
    libraries: tuple[Path, ...],
    *,
    allow_publish: bool,
) -> None:
    import anyio  # noqa: PLC0415 - `--help` needs none of it

    from goldenpath.cli.repository_options import (  # noqa: PLC0415
        asking_person,
        fleet_repository_here,
        open_fleet,
    )
    from goldenpath.mcp import LocalDesk, offered  # noqa: PLC0415
    from goldenpath.mcp.tool_server import new_server, on_desk, run_stdio  # noqa: PLC0415

    with open_fleet(repository or str(fleet_repository_here()), branch, libraries) as fleet:
        desk = LocalDesk(
            fleet,
            dt.datetime.now(dt.UTC).date(),
            kubeconfig=kubeconfig or _default_kubeconfig(),
            forge=_forge(fleet) if allow_publish else None,
            author=asking_person(None) if allow_publish else None,
        )
        anyio.run(run_stdio, new_server(offered(publish=allow_publish), on_desk(desk)))


def _default_kubeconfig() -> str | None:
    place = Path("~/.kube/config").expanduser()
    return str(place) if place.is_file() else None


def _forge(fleet: Fleet) -> Forge | None:
    """Where pull requests are opened, with the token of the environment; None for a plain Git repository."""
    from goldenpath.forges import forge_of  # noqa: PLC0415 - only publishing needs it

    remote = fleet.store.remote
    return None if remote is None else forge_of(remote.url, environment=os.environ)
