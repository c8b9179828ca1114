"""Real fleet repositories for the tests: two clusters, and tenants that ask for little or for much."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import small_requests

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet
from goldenpath.git import Person

if TYPE_CHECKING:
    from pathlib import Path

ADA = Person("Ada", "ada@example.org")
PLATFORM = Person("Platform", "platform@example.org")

FLEET: dict[str, Any] = {
    **small_requests.fleet(),
    "clusters": {
        "berlin": {
            "region": "eu",
            "kubernetes": "1.36",
            "addons": {"flux": "2.9", "kueue": "0.19", "spire-controller-manager": "0.6.6"},
            "accelerators": [
                {"profile": "nvidia-h100-80gb", "count": 16},
                {"profile": "nvidia-l4-24gb", "count": 8},
            ],
        },
        "austin": {
            "region": "us",
            "kubernetes": "1.36",
            "addons": {"flux": "2.9"},
            "accelerators": [{"profile": "nvidia-h100-80gb", "count": 8}],
        },
    },
}


def fleet_text(**changes: Any) -> str:
    """``goldenpath.yaml``, with fields of it changed."""
    return kubeyaml.dump({**FLEET, **changes})


def asked(name: str = "vision", **changes: Any) -> dict[str, Any]:
    """A small request, with fields added or replaced."""
    gpus = [{"profile": "nvidia-h100-80gb", "quota": 2}]
    return {**small_requests.request(name=name, owner=f"{name}-team", gpus=gpus), **changes}


def new_fleet(folder: Path, *, bare: bool = True, **changes: Any) -> Fleet:
    """A fleet repository without a tenant."""
    return Fleet.create(folder, fleet_text(**changes), bare=bare, committer=PLATFORM, author=ADA)


def git(folder: Path, *arguments: str) -> str:
    """What Git itself says about a repository."""
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True
    ).stdout


def commits(folder: Path, ref: str = "main") -> list[str]:
    """The first lines of a branch's commits, newest first."""
    return git(folder, "log", "--format=%s", ref).splitlines()


def files(folder: Path, ref: str = "main") -> dict[str, str]:
    """Every file of a branch, by path."""
    names = git(folder, "ls-tree", "-r", "--name-only", ref).splitlines()
    return {name: git(folder, "show", f"{ref}:{name}") for name in names}


def names_of(folder: Path, ref: str = "main") -> set[str]:
    """The paths of a branch."""
    return set(git(folder, "ls-tree", "-r", "--name-only", ref).splitlines())


def commit_by_hand(
    folder: Path, work: Path, changes: dict[str, str | None], message: str = "By hand"
) -> None:
    """What somebody does with a clone and an editor: change or remove files, and push."""
    git(folder, "clone", "--quiet", str(folder), str(work))
    for path, text in changes.items():
        place = work / path
        if text is None:
            place.unlink()
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
    git(work, "add", "--all")
    git(work, "-c", "user.name=Eve", "-c", "user.email=eve@example.org", "commit", "--quiet", "-m", message)
    git(work, "push", "--quiet", "origin", "HEAD:main")
