"""A released version of a golden path stays byte for byte: its templates and its rendering."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from stories import Story, frozen_stories

from goldenpath.paths import builtin_folder

if TYPE_CHECKING:
    from pathlib import Path

FROZEN = {
    "platform/versions/1.0.0": "95e871a61f7ba3ebeeb5b075bc926c26c03ed2c12ff00625b85609278e66fbfd",
    "tenant/versions/1.0.0": "2302d7d44077cc5a7b3467d6845ca077b01c6a4331d5d1bd0b6fd870196940c6",
}


def digest_of(folder: Path) -> str:
    """One digest over the names and contents of all files of a folder."""
    total = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            total.update(
                f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder)}\n".encode()
            )
    return total.hexdigest()


@pytest.mark.parametrize("place", FROZEN)
def test_files_of_a_frozen_version_never_change(place: str) -> None:
    assert digest_of(builtin_folder() / place) == FROZEN[place]


def test_every_older_version_is_frozen() -> None:
    root = builtin_folder()
    assert {f.parent.relative_to(root).as_posix() for f in root.glob("*/versions/*/golden-path.yaml")} == set(
        FROZEN
    )


@pytest.mark.parametrize("story", frozen_stories(), ids=lambda story: story.name)
def test_a_frozen_version_renders_the_same_bytes(story: Story) -> None:
    rendered = sorted(story.render().files, key=lambda file: file.path)
    sums = "".join(f"{hashlib.sha256(file.text.encode()).hexdigest()}  {file.path}\n" for file in rendered)
    assert sums == (story.folder / "SHA256SUMS").read_text()
