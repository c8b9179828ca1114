"""Git itself, as a person calls it. Tests compare our own reading and writing with it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_EVE = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "Eve"), ("EMAIL", "eve@example.org"))
}


def _output(folder: Path, arguments: tuple[str, ...], given: bytes, variables: Mapping[str, str]) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        input=given,
        capture_output=True,
        check=False,
        env={**os.environ, **variables},
    )
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr.decode()}"
    return done.stdout.decode(errors="surrogateescape")


def git(folder: Path, *arguments: str, given: bytes = b"", **variables: str) -> str:
    """The output of a `git` command without its last line feed; the test fails where the command fails."""
    return _output(folder, arguments, given, variables).rstrip("\n")


def tip(folder: Path, ref: str = "main") -> str:
    """The id of a branch's last commit."""
    return git(folder, "rev-parse", ref)


def file_at(folder: Path, path: str, ref: str = "main") -> str:
    """One file of a branch."""
    return _output(folder, ("show", f"{ref}:{path}"), b"", {})


def paths_at(folder: Path, ref: str = "main") -> set[str]:
    """The path of each file of a branch."""
    return set(git(folder, "ls-tree", "-r", "--name-only", ref).splitlines())


def files_at(folder: Path, ref: str = "main") -> dict[str, str]:
    """Each file of a branch, by path."""
    return {path: file_at(folder, path, ref) for path in sorted(paths_at(folder, ref))}


def subjects(folder: Path, ref: str = "main") -> list[str]:
    """The first lines of a branch's commits, newest first."""
    return git(folder, "log", "--format=%s", ref).splitlines()


def commit_as_eve(work: Path, message: str = "By hand") -> None:
    """Commits everything that a work tree has changed."""
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "-m", message, **_EVE)


def commit_by_hand(
    repository: Path, changes: Mapping[str, str | bytes | None], message: str = "By hand"
) -> str:
    """A person with a clone and an editor changes or removes (None) files, and pushes; returns the commit's id."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        git(repository, "clone", "--quiet", str(repository), str(work))
        for path, content in changes.items():
            place = work / path
            if content is None:
                place.unlink()
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content if isinstance(content, bytes) else content.encode())
        commit_as_eve(work, message)
        git(work, "push", "--quiet", "origin", "HEAD:main")
    return tip(repository)


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
