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
    "--install", "wanted", is_flag=True, help="Write it to your own folders, for every new shell from now on."
)
@click.pass_context
def command(ctx: click.Context, shell: str | None, *, wanted: bool) -> None:
    """Print or install the completion script of a shell.

    With it, Tab completes commands and options, golden paths, clusters of the fleet, accelerators and vendors. Without
    SHELL, it is the one of the environment. `kubectl goldenpath` is completed by kubectl's own completion.
    """
    shell = shell or Path(os.environ.get("SHELL", "")).name
    completion = get_completion_class(shell) if shell in _SHELLS else None
    if completion is None:
        raise click.UsageError(f"Name the shell: {', '.join(_SHELLS)}.")
    script = completion(ctx.find_root().command, {}, "goldenpath", "_GOLDENPATH_COMPLETE").source()
    if not wanted:
        click.echo(script)
        return
    from goldenpath.cli.completion_install import install  # noqa: PLC0415 - `--help` needs no files

    done = install(shell, script)
    click.echo(f"{done.script}: the completion of {shell}.")
    if done.start_up is not None:
        click.echo(f"{done.start_up}: one line was added, which loads it.")
    click.echo("It is there in the next shell.")
