"""``goldenpath mcp``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from goldenpath.cli.base_command import ExampleCommand, file_option, library_option
from goldenpath.cli.forge_options import fleet_forge
from goldenpath.cli.repository_options import (
    commit_author,
    fleet_repository_here,
    open_fleet,
    optional_repo_option,
)


@click.command(
    name="mcp",
    cls=ExampleCommand,
    examples=(
        "goldenpath mcp --repo ./fleet",
        "goldenpath mcp --repo https://git.example.org/platform/fleet.git --allow-publish",
        "goldenpath mcp --http --config serve.yaml",
    ),
)
@optional_repo_option
@click.option("--branch", metavar="NAME", help="Branch of the fleet repository. Default: its default branch.")
@click.option(
    "--kubeconfig",
    envvar="KUBECONFIG",
    metavar="FILE",
    help="The kubeconfig for `status` with `live`, with contexts of the clusters' names.",
)
@click.option(
    "--allow-publish",
    is_flag=True,
    help="Offer the tool `publish`, which opens a pull request of an approved plan. Default: tools only read.",
)
@click.option(
    "--http",
    is_flag=True,
    help="Serve Streamable HTTP at /mcp of the backend, with its authentication, instead of stdio.",
)
@file_option("--config", "file", help="With --http: the backend's settings.")
@library_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    place: str | None,
    branch: str | None,
    kubeconfig: str | None,
    allow_publish: bool,
    http: bool,
    file: Path | None,
    libraries: tuple[Path, ...],
) -> None:
    """Serve goldenpath's tools to an assistant, over the Model Context Protocol.

    An assistant starts this command and uses its standard input and output. The tools explain terms, return schemas and
    accelerators, size a model, render, check and plan a request, and report status and findings. Tools only read, with the
    rights of the person who runs the command. Answers hold no credential, and mark text that other people wrote.

    With --http, the command is `goldenpath serve` with the tools at /mcp. The backend's settings decide who may call.
    """
    if http:
        from goldenpath.cli.commands.serve import command as serve  # noqa: PLC0415 - only one of two transports

        mode = "publish" if allow_publish else "read-only"
        settings = {"repository": place, "branch": branch, "mcp": mode, "kubeconfig": kubeconfig}
        ctx.invoke(
            serve, file=file, libraries=libraries, **{key: value for key, value in settings.items() if value}
        )
        return
    if file is not None:
        raise click.UsageError("--config needs --http.")
    _serve_stdio(place, branch, kubeconfig, libraries, allow_publish=allow_publish)


def _serve_stdio(
    place: str | None,
    branch: str | None,
    kubeconfig: str | None,
    libraries: tuple[Path, ...],
    *,
    allow_publish: bool,
) -> None:
    import anyio  # noqa: PLC0415 - `--help` needs none of it

    from goldenpath.mcp import LocalDesk, offered  # noqa: PLC0415
    from goldenpath.mcp.tool_server import new_server, on_desk, run_stdio  # noqa: PLC0415

    with open_fleet(place or str(fleet_repository_here()), branch, libraries) as fleet:
        desk = LocalDesk(
            fleet,
            dt.datetime.now(dt.UTC).date(),
            kubeconfig=kubeconfig or _default_kubeconfig(),
            forge=fleet_forge(fleet) if allow_publish else None,
            author=commit_author(None) if allow_publish else None,
        )
        anyio.run(run_stdio, new_server(offered(publish=allow_publish), on_desk(desk)))


def _default_kubeconfig() -> str | None:
    file = Path("~/.kube/config").expanduser()
    return str(file) if file.is_file() else None
