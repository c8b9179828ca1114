"""The reference page: every command, option and example."""

from __future__ import annotations

import re

import click
import pytest
from every_command import command_of, every_command

from goldenpath.cli.reference_page import cli_reference


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_the_page_has_every_command_with_options_and_examples(words: tuple[str, ...]) -> None:
    heading = re.search(rf"^##+ goldenpath {' '.join(words)}\n", cli_reference(), re.MULTILINE)
    assert heading is not None
    section = cli_reference()[heading.end() :].split("\n## ", 1)[0].split("\n### ", 1)[0]
    command = command_of(words)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in section
    for example in command.examples:
        assert example in section
