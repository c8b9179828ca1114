"""A folder for commands to work in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli_samples import FLEET, PLATFORM_FILES, PLATFORM_PATH, TENANT_FILES, TENANT_PATH, VISION, write_tree
from click.testing import CliRunner, Result
from fleet_commands import ADA, GIT_SETTINGS

from goldenpath.cli.root_command import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a fleet, a request, and golden paths that every command uses."""
    work = tmp_path / "work"
    write_tree(work, {"goldenpath.yaml": FLEET, "vision.yaml": VISION})
    library = tmp_path / "library"
    write_tree(library / "tenant", {"golden-path.yaml": TENANT_PATH, **TENANT_FILES})
    write_tree(library / "platform", {"golden-path.yaml": PLATFORM_PATH, **PLATFORM_FILES})
    monkeypatch.chdir(work)
    monkeypatch.setenv("GOLDENPATH_LIBRARY", str(library))
    return work


@pytest.fixture
def built_in_paths(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped golden paths instead of the small ones; request it before `repository`."""
    monkeypatch.delenv("GOLDENPATH_LIBRARY")


@pytest.fixture
def repository(here: Path, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fleet repository without a tenant, with a work tree, for the fleet that is here."""
    for key, value in GIT_SETTINGS.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(here.parent / "cache"))
    folder = here.parent / "fleet"
    made = run("fleet", "init", str(folder), "--fleet", "goldenpath.yaml", "--author", ADA)
    assert made.exit_code == 0, made.output
    return folder


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run a command in this process, without a terminal."""

    def invoke(*arguments: str, given: str | bytes | None = None) -> Result:
        return CliRunner().invoke(cli, arguments, input=given, prog_name="goldenpath")

    return invoke
