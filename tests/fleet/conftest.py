"""A fleet repository for a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fleets import new_fleet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.fleet import Fleet


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder of the fleet repository."""
    return tmp_path / "fleet.git"


@pytest.fixture
def fleet(place: Path) -> Iterator[Fleet]:
    """A fleet repository without a tenant."""
    with new_fleet(place) as made:
        yield made
