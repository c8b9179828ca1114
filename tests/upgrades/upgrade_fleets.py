"""Fleets of tenants and platforms with an old golden path version and hand edits."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleets import PLATFORM, fleet_text
from plain_git import commit_by_hand, file_at

from goldenpath.fleet import Fleet
from goldenpath.paths import Library, builtin_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OLD, NEW = "1.0.0", "1.1.0"


def old_library(folder: Path, names: Iterable[str] = ("tenant", "platform")) -> Library:
    """The golden paths as they were at 1.0.0, and no newer version of them."""
    for name in names:
        shutil.copytree(builtin_folder() / name / "versions" / OLD, folder / name)
    return Library([folder])


def old_fleet(place: Path, *requests: Mapping[str, Any], **fleet: Any) -> None:
    """A bare fleet repository whose platforms and tenants are rendered by 1.0.0."""
    with tempfile.TemporaryDirectory() as folder:
        library = old_library(Path(folder))
        with Fleet.create(place, fleet_text(**fleet), bare=True, committer=PLATFORM, library=library) as made:
            if requests:
                made.publish(*requests)


def opened(place: Path, library: Library | None = None) -> Fleet:
    """The fleet, with today's golden paths."""
    return Fleet.open(place, committer=PLATFORM, library=library)


def replaced(place: Path, path: str, old: str, new: str) -> str:
    """Replace a text in a file by hand; it must be there."""
    text = file_at(place, path)
    assert old in text, f"{old!r} is not in {path}"
    return commit_by_hand(place, {path: text.replace(old, new, 1)})
