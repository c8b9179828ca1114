"""The reference page: every command, option and example."""

from __future__ import annotations

import click
import pytest

from goldenpath.cli.app import COMMANDS, cli
from goldenpath.cli.reference import cli_reference


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_with_its_options_and_examples(name: str) -> None:
    section = cli_reference().split(f"## goldenpath {name}\n", 1)[1].split("\n## ", 1)[0]
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in section
    for example in command.examples:  # type: ignore[attr-defined]
        assert example in section
