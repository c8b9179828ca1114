"""The root: help, exit codes, colours, pipes, and failures in words."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from every_command import command_of, every_command

from goldenpath.cli.commands import paths
from goldenpath.cli.root_command import COMMANDS, cli
from goldenpath.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

COMMAND = "from goldenpath.cli import main; main()"


def process(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_every_command_with_its_own_first_sentence(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    for name, summary in COMMANDS.items():
        assert f"{name}  " in result.output
        assert summary in " ".join(result.output.split())
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        assert (command.help or "").split("\n\n", 1)[0].strip() == summary


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_every_command_explains_itself_with_examples_that_parse(words: tuple[str, ...], run: Run) -> None:
    result = run(*words, "--help")
    assert result.exit_code == 0
    assert "Example" in result.output
    command = command_of(words)
    assert f"goldenpath {' '.join(words)}" in command.examples[0]
    for example in command.examples:
        assert "goldenpath " in example
        assert example in result.output
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_no_line_of_help_is_wider_than_a_terminal_but_for_examples(words: tuple[str, ...], run: Run) -> None:
    examples = command_of(words).examples
    wide = [line for line in run(*words, "--help").output.splitlines() if len(line) > 80]
    assert [line for line in wide if line.strip() not in examples] == []


def test_the_version_is_that_of_the_package(run: Run) -> None:
    import goldenpath

    assert run("--version").output == f"goldenpath {goldenpath.__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["rendr"], ["render"], ["render", "a.yaml", "--colour"], ["completion", "csh"]]
)
def test_a_wrong_command_line_ends_with_2(arguments: list[str], run: Run) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr
    assert result.stdout == ""


def test_a_goldenpath_error_ends_with_2_and_a_message(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise DataError("the catalogue is broken")

    monkeypatch.setattr(paths, "Library", broken)
    result = run("paths")
    assert (result.exit_code, result.stderr) == (2, "error: the catalogue is broken\n")


def test_an_unexpected_failure_shows_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(paths, "Library", broken)
    result = run("paths")
    assert result.exit_code == 2
    assert result.stderr.startswith("goldenpath failed unexpectedly: ZeroDivisionError: by zero\n")
    assert "Traceback" not in result.stderr
    monkeypatch.setenv("GOLDENPATH_DEBUG", "1")
    assert isinstance(run("paths").exception, ZeroDivisionError)


def test_ctrl_c_ends_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(paths, "Library", interrupted)
    result = run("paths")
    assert result.exit_code == 130
    assert "Interrupted." in result.stderr


def test_a_closed_pipe_is_not_an_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, "profiles", "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait() == 141


def test_without_a_terminal_there_is_no_colour(here: Path) -> None:
    assert "\x1b" not in process("paths", cwd=here).stdout


@pytest.mark.parametrize(
    ("environment", "colour"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_a_terminal_gets_colour_unless_a_setting_disables_it(
    here: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], colour: bool
) -> None:
    from cli_terminal import Terminal

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with Terminal("paths", cwd=here) as terminal:
        assert terminal.wait() == 0
        assert ("\x1b[1m" in terminal.raw) is colour


def test_the_same_command_as_a_process(here: Path) -> None:
    done = process("render", "vision.yaml", cwd=here)
    assert done.returncode == 0
    assert "kind: Namespace" in done.stdout
    assert done.stderr == "Fleet: goldenpath.yaml\n"
    assert process("render", "missing.yaml", cwd=here).returncode == 2
