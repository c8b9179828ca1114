"""All commands of the command line with the words that call them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.root_command import cli

if TYPE_CHECKING:
    from collections.abc import Iterator


def every_command() -> list[tuple[str, ...]]:
    """``("render",)``, ``("fleet", "init")``, …; not the groups themselves."""
    return list(_below(cli, ()))


def _below(group: click.Group, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _below(command, (*words, name))
        else:
            yield (*words, name)


def command_of(words: tuple[str, ...]) -> ExampleCommand:
    command: click.Command | None = cli
    for word in words:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
    assert isinstance(command, ExampleCommand)
    return command
