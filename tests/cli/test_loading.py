"""Modules that a command of a fleet repository imports, and messages about missing libraries."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.shell_completion import ShellComplete

from goldenpath.cli.root_command import cli

if TYPE_CHECKING:
    from pathlib import Path

ON_A_REPOSITORY = [
    ("publish",),
    ("plan",),
    ("retire",),
    ("fleet", "init"),
    ("fleet", "list"),
    ("fleet", "show"),
    ("fleet", "query"),
    ("fleet", "edit"),
    ("fleet", "undo"),
    ("fleet", "changes"),
    ("artifacts", "push"),
    ("artifacts", "list"),
    ("artifacts", "verify"),
    ("blame",),
    ("fleet", "validate"),
]
HEAVY = {
    "git",
    "gitdb",
    "cryptography",
    "httpx",
    "pydantic",
    "yaml",
    "jinja2",
    "rich",
    "goldenpath.fleet",
    "goldenpath.git",
}
BASE_INSTALL = (
    "import sys\n"
    "for name in ('git', 'gitdb', 'httpx', 'kubernetes', 'fastapi'):\n"
    "    sys.modules[name] = None\n"
    "from goldenpath.cli import main\n"
    "main()"
)
"""The command line as somebody has it who installed goldenpath without extras."""


def process(code: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", ON_A_REPOSITORY, ids=" ".join)
def test_help_loads_neither_git_nor_anything_else_that_is_heavy(words: tuple[str, ...]) -> None:
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('LOADED', *sys.modules))\n"
        "from goldenpath.cli import main\n"
        "main()"
    )
    done = process(code, *words, "--help")
    assert done.returncode == 0, done.stderr
    said, _, loaded = done.stdout.partition("LOADED ")
    assert f"goldenpath {' '.join(words)}" in said
    assert not set(loaded.split()) & HEAVY


def test_a_base_install_can_do_everything_on_a_repository_but_ask_a_forge(
    here: Path, repository: Path
) -> None:
    for words in (
        ("publish", "vision.yaml", "--repo", str(repository)),
        ("publish", "vision.yaml", "--repo", str(repository), "--message", "Again", "--pull-request"),
        ("plan", "--all", "--repo", str(repository)),
        ("fleet", "list", "--repo", str(repository)),
        ("fleet", "validate", "--repo", str(repository)),
    ):
        done = process(BASE_INSTALL, *words, cwd=here)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_base_install_names_the_extra_for_pull_requests(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anybody is asked: nothing listens there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "cache"))
    place = ("--repo", "http://127.0.0.1:1/platform/fleet.git", "--branch", "main")
    done = process(
        BASE_INSTALL, "publish", "vision.yaml", *place, "--pull-request", "--forge", "github", cwd=here
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "This command needs an extra: pip install 'goldenpath[forges]'\n"


def test_a_shell_completes_the_commands_of_the_group() -> None:
    completing = ShellComplete(cli, {}, "goldenpath", "_GOLDENPATH_COMPLETE")
    offered = {each.value: each.help for each in completing.get_completions(["fleet"], "")}
    commands = ["init", "list", "show", "cost", "query", "edit", "waves", "undo", "changes", "validate"]
    assert list(offered) == commands
    assert all(offered.values())
    assert [each.value for each in completing.get_completions(["fleet"], "v")] == ["validate"]
    options = [each.value for each in completing.get_completions(["fleet", "list"], "--")]
    assert {"--repo", "--at", "--owner", "--format"} <= set(options)
