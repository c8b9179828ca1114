"""A fleet repository in real Git, and the backend on a real socket."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from serving import Served, serving
from small_requests import REQUESTS

from goldenpath.fleet import Fleet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "postgres: needs a PostgreSQL server, which the tests start themselves"
    )


@pytest.fixture(scope="session")
def sample_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample fleet, without tenants; made once, and copied for each test."""
    place = tmp_path_factory.mktemp("sample") / "fleet.git"
    Fleet.create(place, (REQUESTS / "goldenpath.yaml").read_text(), bare=True).close()
    return place


@pytest.fixture
def repository(sample_repository: Path, tmp_path: Path) -> Path:
    """The sample fleet, without tenants."""
    return Path(shutil.copytree(sample_repository, tmp_path / "fleet.git"))


@pytest.fixture
def serve(repository: Path) -> Iterator[Callable[..., Served]]:
    """Starts the backend with the settings given; each is ended with the test."""
    running: list[Any] = []

    def start(**settings: Any) -> Served:
        context = serving({"repository": str(repository), **settings})
        running.append(context)
        return context.__enter__()

    yield start
    for context in reversed(running):
        context.__exit__(None, None, None)


@pytest.fixture
def open_backend(serve: Callable[..., Served]) -> Served:
    """The backend as it is on a developer's machine: nobody has to say who they are."""
    return serve()
