"""A group that imports a command's module only when that command is called."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LazyGroup", "command_group"]


class LazyGroup(click.Group):
    """Commands in the modules of one package, each with a ``command``; a list of the commands imports no module.

    Args:
        package: the package of the modules.
        summaries: the summary of each command by its name, in the order of the help. A dash in a name is an underscore
            in the module's name.
    """

    def __init__(self, *args: Any, package: str, summaries: Mapping[str, str], **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.package = package
        self.summaries = summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(self.summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in self.summaries:
            return None
        command = importlib.import_module(f"{self.package}.{cmd_name.replace('-', '_')}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        commands = [
            CompletionItem(name, help=summary)
            for name, summary in self.summaries.items()
            if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]


def command_group(
    name: str, description: str, summaries: Mapping[str, str], *, cls: type[LazyGroup] = LazyGroup
) -> LazyGroup:
    """A group of ``goldenpath``, whose commands are in the package ``goldenpath.cli.commands.<name>_commands``."""
    package = f"goldenpath.cli.commands.{name}_commands"
    return cls(name, package=package, summaries=summaries, help=description)
