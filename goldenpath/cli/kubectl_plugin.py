"""The kubectl plugin: `kubectl goldenpath`, and its completion.

kubectl runs ``kubectl-goldenpath`` with the words after the plugin's name. For a completion, kubectl runs
``kubectl_complete-goldenpath`` with the words so far, the last of them unfinished. It reads lines of a word, a tab and a
description, and a directive at the end (kubectl 1.26 and newer; spf13/cobra, ``ShellCompDirective``).
"""

from __future__ import annotations

import sys
from typing import Final, NoReturn

import click
from click.shell_completion import ShellComplete

from goldenpath.cli.root_command import cli

__all__ = ["complete", "main"]

_NAME: Final = "kubectl goldenpath"
_WORDS_ONLY: Final = 4
"""``ShellCompDirectiveNoFileComp``: the shell must not add files."""
_FILES_TOO: Final = 0


def main() -> NoReturn:
    """Run the command line under the name that the person typed."""
    cli.main(prog_name=_NAME)
    raise AssertionError("click ends the process")


def complete() -> None:
    """Print the completions after ``kubectl goldenpath``."""
    *words, unfinished = sys.argv[1:] or [""]
    directive = _WORDS_ONLY
    for item in ShellComplete(cli, {}, _NAME, "").get_completions(words, unfinished):
        if item.type == "plain":
            click.echo(f"{item.value}\t{item.help}" if item.help else item.value)
        else:
            directive = _FILES_TOO
    click.echo(f":{directive}")
