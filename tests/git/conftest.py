"""A home folder without settings, and real repositories, for tests of Git."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from git_servers import HttpServer

from goldenpath.git import Person, Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of whoever runs the tests: an identity for plain `git commit`, and nothing else."""
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text("[user]\nname = Somebody\nemail = somebody@example.org\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "SSH_ASKPASS", "GIT_DIR", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    """An empty bare repository."""
    with Repository.create(tmp_path / "fleet.git", bare=True) as made:
        yield made


@pytest.fixture
def platform() -> Person:
    return Person("Platform", "platform@example.org")


@pytest.fixture
def http(tmp_path: Path) -> Iterator[HttpServer]:
    """`git http-backend` on loopback, with an empty bare repository ``fleet.git`` behind a user and a password."""
    root = tmp_path / "served"
    Repository.create(root / "fleet.git", bare=True).close()
    with HttpServer(root, user="robot", password="s3cr3t/p@ss word") as server:
        yield server


@pytest.fixture
def served(http: HttpServer) -> Path:
    """The bare repository behind it."""
    return http.root / "fleet.git"
