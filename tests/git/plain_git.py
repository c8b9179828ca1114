"""Git itself, as a person would call it: what our own ways are held against."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *arguments: str, given: bytes = b"", **variables: str) -> str:
    """What a `git` command says; fails the test where it fails."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        input=given,
        capture_output=True,
        check=False,
        env={**os.environ, **variables},
    )
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr.decode()}"
    return done.stdout.decode(errors="surrogateescape").rstrip("\n")


def fsck(folder: Path) -> None:
    """Every object is whole, strictly, and everything that a ref leads to is there."""
    said = git(folder, "fsck", "--strict", "--full", "--no-dangling", "--no-progress")
    assert said == ""


def tree_of(folder: Path, files: dict[str, tuple[str, str]]) -> str:
    """The tree that Git itself makes of files: path to (mode, blob id)."""
    index = folder / "scratch-index"
    index.unlink(missing_ok=True)
    rows = "".join(f"{mode} {blob}\t{path}\0" for path, (mode, blob) in files.items())
    git(folder, "update-index", "-z", "--index-info", given=rows.encode(), GIT_INDEX_FILE=str(index))
    made = git(folder, "write-tree", "--missing-ok", GIT_INDEX_FILE=str(index))
    index.unlink(missing_ok=True)
    return made


def add_hook(repository: Path, name: str, script: str) -> None:
    """A hook that runs in a repository."""
    hooks = repository / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / name).write_text(f"#!/bin/sh\n{script}\n")
    (hooks / name).chmod(0o755)
