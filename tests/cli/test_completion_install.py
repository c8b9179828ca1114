"""Completion that is installed by one command, and `kubectl goldenpath`: with the real shells and the real kubectl."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fleet_commands import Run

COMMANDS = Path(sys.executable).parent


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with nothing in it, and goldenpath's commands on the path."""
    folder = tmp_path / "my home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR", "BASH_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f"{COMMANDS}{os.pathsep}{os.environ['PATH']}")
    return folder


def said(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_new_bash_completes_after_one_command(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".bashrc").write_text("export MINE=kept")
    monkeypatch.setenv("SHELL", "/bin/bash")
    assert run("completion", "--install").exit_code == 0
    script = "COMP_WORDS=(goldenpath fleet va); COMP_CWORD=2; _goldenpath_completion goldenpath"
    asked = f'{script}; echo "$MINE ${{COMPREPLY[*]}}"; complete -p goldenpath'
    output = said("bash", "--noprofile", "-i", "-c", asked)
    assert output.splitlines() == ["kept validate", "complete -o nosort -F _goldenpath_completion goldenpath"]


def test_a_second_install_adds_no_second_line(home: Path, run: Run) -> None:
    first = run("completion", "bash", "--install").stdout
    before = (home / ".bashrc").read_text()
    second = run("completion", "bash", "--install").stdout
    assert f"Added a line to {home}/.bashrc" in first
    assert "Added a line" not in second
    assert (home / ".bashrc").read_text() == before
    assert before.count("\n") == 1


def test_zsh_and_fish_get_their_own_files(home: Path, run: Run) -> None:
    assert run("completion", "zsh", "--install").exit_code == 0
    assert run("completion", "fish", "--install").exit_code == 0
    folder = home / ".local/share/goldenpath/zsh"
    assert (folder / "_goldenpath").read_text().startswith("#compdef goldenpath")
    assert f"fpath+=('{folder}'); autoload -Uz compinit && compinit" in (home / ".zshrc").read_text()
    assert "_GOLDENPATH_COMPLETE" in (home / ".config/fish/completions/goldenpath.fish").read_text()


def test_a_new_zsh_completes_after_one_command(home: Path, run: Run) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed: what it makes of the file is not tested")
    assert run("completion", "zsh", "--install").exit_code == 0
    assert said("zsh", "-i", "-c", "echo $_comps[goldenpath]").split()[-1] == "_goldenpath"


def test_a_new_fish_completes_after_one_command(home: Path, run: Run) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed: what it makes of the file is not tested")
    assert run("completion", "fish", "--install").exit_code == 0
    offered = said("fish", "-c", "complete --do-complete 'goldenpath fleet va'")
    assert offered.split("\t")[0] == "validate"


def test_an_unknown_shell_is_refused(home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    result = run("completion", "--install")
    assert result.exit_code == 2
    assert "Name the shell: bash, zsh, fish." in result.stderr
    assert list(home.iterdir()) == []


@pytest.fixture
def kubectl(home: Path) -> str:
    found = shutil.which("kubectl")
    if found is None:
        pytest.skip("kubectl is not installed: `kubectl goldenpath` is not tested")
    return found


def test_kubectl_runs_goldenpath_as_its_plugin(kubectl: str) -> None:
    assert said(kubectl, "goldenpath", "--version").startswith("kubectl goldenpath ")
    assert "Usage: kubectl goldenpath fleet list" in said(kubectl, "goldenpath", "fleet", "list", "--help")


def test_tab_after_kubectl_goldenpath_offers_commands_and_files(kubectl: str) -> None:
    commands = said(kubectl, "__complete", "goldenpath", "fleet", "va").splitlines()
    assert commands == ["validate\tCheck everything in the repository at once, as CI does.", ":4"]
    assert said(kubectl, "__complete", "goldenpath", "check", "").splitlines() == [":0"]
