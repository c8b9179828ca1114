from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from forge_tables import Table, table
from played_forges import PlayedGitea, PlayedGitHub, PlayedGitLab

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=[PlayedGitHub, PlayedGitLab, PlayedGitea], ids=lambda played: played.kind)
def each(request: pytest.FixtureRequest) -> Iterator[Table]:
    """Each forge, one after the other."""
    yield from table(request.param())


@pytest.fixture
def github() -> Iterator[Table]:
    yield from table(PlayedGitHub())


@pytest.fixture
def gitlab() -> Iterator[Table]:
    yield from table(PlayedGitLab())


@pytest.fixture
def gitea() -> Iterator[Table]:
    yield from table(PlayedGitea())
