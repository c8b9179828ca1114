"""Another process in another clone finishes an upgrade in waves that was killed at any point."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from fleets import asked
from plain_git import file_at, git
from upgrade_fleets import NEW, old_fleet

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

NAMES = ("edge", "speech", "vision")
WAVES = """
format: waves/v1
health: false
waves:
- {name: canary, names: [vision]}
- {name: second, names: [edge]}
- {name: rest}
"""
RESUME = ("resume", "tenant/v1")
PROGRAM = "from goldenpath.cli.root_command import main; main()"


def command(place: Path, *words: str) -> list[str]:
    """A command on the repository as a remote: its clone is in the cache that the environment names."""
    return [
        sys.executable,
        "-c",
        PROGRAM,
        "upgrade",
        *words,
        "--repo",
        place.as_uri(),
        "--author",
        "Ada <a@b.c>",
    ]


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "XDG_CACHE_HOME": str(folder), "GOLDENPATH_COMMITTER": "Platform <p@example.org>"}


def ran(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """The command, with a clone of its own."""
    return subprocess.run(
        words, env=environment(folder / "other"), capture_output=True, text=True, check=False
    )


def result(place: Path) -> tuple[list[str], str]:
    """What an upgrade leaves behind: the subjects of its commits, and the files without the record's time."""
    subjects = git(place, "log", "--format=%s", "main").splitlines()
    trees = "".join(
        git(place, "ls-tree", "-r", "main", folder) for folder in ("clusters", "tenants", "goldenpath.yaml")
    )
    return subjects, trees


def test_a_killed_upgrade_makes_the_same_commits(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    whole = tmp_path / "whole.git"
    old_fleet(whole, *map(asked, NAMES))
    waves = tmp_path / "waves.yaml"
    waves.write_text(WAVES)
    start = ("start", "tenant/v1", "--waves", str(waves))
    original = tmp_path / "original.git"
    git(tmp_path, "clone", "--quiet", "--mirror", str(whole), str(original))
    began = time.monotonic()
    subprocess.run(command(whole, *start), env=environment(tmp_path / "cache"), check=True)
    took = time.monotonic() - began
    wanted = result(whole)
    killed = 0
    for number in range(50 if pytestconfig.getoption("--slow") else 5):
        place, folder = tmp_path / f"{number}.git", tmp_path / str(number)
        git(tmp_path, "clone", "--quiet", "--mirror", str(original), str(place))
        folder.mkdir()
        process = subprocess.Popen(
            command(place, *start),
            env=environment(folder / "one"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(random.uniform(took * 0.2, took))
        process.send_signal(signal.SIGKILL)
        if process.wait() == -signal.SIGKILL:
            killed += 1
        else:
            took /= 2  # the machine has become quicker
        is_started = "upgrades" in git(place, "ls-tree", "--name-only", "main").split()
        done = ran(command(place, *(RESUME if is_started else start)), folder)
        if done.returncode and "already-started" in done.stderr:
            # The push that the killed process had begun arrived after the look: the message says what to run.
            done = ran(command(place, *RESUME), folder)
        assert done.returncode == 0, done.stderr
        assert result(place) == wanted, f"killed at {number}"
        git(place, "fsck", "--strict", "--no-dangling")
        assert {
            json.loads(file_at(place, f"tenants/{name}/goldenpath.lock"))["version"] for name in NAMES
        } == {NEW}
    assert killed
