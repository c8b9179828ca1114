"""Fleets whose tenants and platforms have an old version of their golden path, and hand edits in them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import small_requests

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet
from goldenpath.git import Person
from goldenpath.paths import Library, builtin_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PLATFORM = Person("Platform", "platform@example.org")
OLD, NEW = "1.0.0", "1.1.0"
FLEET: dict[str, Any] = {
    **small_requests.fleet(),
    "clusters": {
        "berlin": {
            "region": "eu",
            "kubernetes": "1.36",
            "addons": {"flux": "2.9", "kueue": "0.19", "spire-controller-manager": "0.6.6"},
            "accelerators": [{"profile": "nvidia-h100-80gb", "count": 16}],
        },
        "austin": {
            "region": "us",
            "kubernetes": "1.36",
            "addons": {"flux": "2.9"},
            "accelerators": [{"profile": "nvidia-h100-80gb", "count": 8}],
        },
    },
}


def asked(name: str = "vision", **changes: Any) -> dict[str, Any]:
    """A small request, with fields added or replaced."""
    gpus = [{"profile": "nvidia-h100-80gb", "quota": 2}]
    return {**small_requests.request(name=name, owner=f"{name}-team", gpus=gpus), **changes}


def old_library(folder: Path, names: Iterable[str] = ("tenant", "platform")) -> Library:
    """The golden paths as they were at 1.0.0, and no newer version of them."""
    for name in names:
        shutil.copytree(builtin_folder() / name / "versions" / OLD, folder / name)
    return Library([folder])


def old_fleet(place: Path, *requests: Mapping[str, Any], **fleet: Any) -> None:
    """A bare fleet repository whose platforms and tenants are rendered by 1.0.0."""
    with tempfile.TemporaryDirectory() as folder:
        library = old_library(Path(folder))
        text = kubeyaml.dump({**FLEET, **fleet})
        with Fleet.create(place, text, bare=True, committer=PLATFORM, library=library) as made:
            if requests:
                made.publish(*requests)


def opened(place: Path, library: Library | None = None) -> Fleet:
    """The fleet, with today's golden paths."""
    return Fleet.open(place, committer=PLATFORM, library=library)


def git(folder: Path, *arguments: str, text: str | None = None) -> str:
    """What Git itself says."""
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, input=text
    ).stdout


def files(place: Path, ref: str = "main") -> dict[str, str]:
    """Every file of a branch, by path."""
    names = git(place, "ls-tree", "-r", "--name-only", ref).splitlines()
    return {name: git(place, "show", f"{ref}:{name}") for name in names}


def file(place: Path, path: str, ref: str = "main") -> str:
    """One file of a branch."""
    return git(place, "show", f"{ref}:{path}")


def edit_by_hand(place: Path, changes: Mapping[str, str | None]) -> str:
    """A commit of a person with an editor, straight on the branch of a bare repository; returns its id."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        git(place, "clone", "--quiet", str(place), str(work))
        for path, text in changes.items():
            target = work / path
            if text is None:
                target.unlink()
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
        git(work, "add", "--all")
        who = ("-c", "user.name=Eve", "-c", "user.email=eve@example.org")
        git(work, *who, "commit", "--quiet", "-m", "By hand")
        git(work, "push", "--quiet", "origin", "HEAD:main")
    return git(place, "rev-parse", "main").strip()


def replaced(place: Path, path: str, old: str, new: str) -> str:
    """Replace a text in a file by hand; it must be there."""
    text = file(place, path)
    assert old in text, f"{old!r} is not in {path}"
    return edit_by_hand(place, {path: text.replace(old, new, 1)})
