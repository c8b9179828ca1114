"""``goldenpath completion``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click
from click.shell_completion import get_completion_class

from goldenpath.cli.base_command import ExampleCommand

_SHELLS: Final = ("bash", "zsh", "fish")


@click.command(
    name="completion",
    cls=ExampleCommand,
    examples=("goldenpath completion --install", 'eval "$(goldenpath completion bash)"'),
)
@click.argument("shell", required=False, type=click.Choice(_SHELLS))
@click.option(
    "--install",
    "is_installed",
    is_flag=True,
    help="Write the script to your own folders, where every new shell loads it.",
)
@click.pass_context
def command(ctx: click.Context, shell: str | None, *, is_installed: bool) -> None:
    """Print or install the completion script of a shell.

    With the script, Tab completes commands and options, golden paths, clusters of the fleet, accelerators and vendors. The
    default SHELL is the one of the environment. kubectl's own completion completes `kubectl goldenpath`.
    """
    shell = shell or Path(os.environ.get("SHELL", "")).name
    completion = get_completion_class(shell) if shell in _SHELLS else None
    if completion is None:
        raise click.UsageError(f"Name the shell: {', '.join(_SHELLS)}.")
    script = completion(ctx.find_root().command, {}, "goldenpath", "_GOLDENPATH_COMPLETE").source()
    if not is_installed:
        click.echo(script)
        return
    from goldenpath.cli.completion_install import install  # noqa: PLC0415 - `--help` needs no files

    installed = install(shell, script)
    click.echo(f"Wrote the completion of {shell} to {installed.script}.")
    if installed.start_up is not None:
        click.echo(f"Added a line to {installed.start_up} that loads it.")
    click.echo("Completion works in each new shell.")
