"""``goldenpath completion``."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

from goldenpath.cli.base_command import ExampleCommand

_SHELLS: Final = ("bash", "zsh", "fish")


@click.command(
    name="completion",
    cls=ExampleCommand,
    examples=(
        'eval "$(goldenpath completion bash)"',
        "goldenpath completion fish > ~/.config/fish/completions/goldenpath.fish",
    ),
)
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    With it, Tab completes commands and options, golden paths, clusters of the fleet, accelerators and vendors.
    """
    completion = get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    click.echo(completion(ctx.find_root().command, {}, "goldenpath", "_GOLDENPATH_COMPLETE").source())
