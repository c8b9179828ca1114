"""A fleet repository in real Git, and the backend on a real socket."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from postgres import programs, running
from served_backend import Served, serving
from small_requests import REQUESTS
from sqlalchemy import create_engine, text

from goldenpath.fleet import Fleet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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
    """The backend as on a developer's machine, without authentication."""
    return serve()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL database."""
    binaries = programs()
    if binaries is None:
        pytest.skip("PostgreSQL's server is not installed (apt-get install postgresql)")
    with running(binaries) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty ledger's database, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    address: str = request.getfixturevalue("postgres")
    engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:", 1))
    with engine.begin() as connection:
        connection.execute(text("drop table if exists goldenpath_runs"))
    engine.dispose()
    return address
