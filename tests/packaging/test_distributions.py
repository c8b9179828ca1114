"""Wheel and sdist are built, installed into a new environment, and used there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from goldenpath.cli.root_command import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONTAINERFILE = (ROOT / "backstage-backend" / "Containerfile").read_text()
FLEET = "goldenpath/fleet/starter/goldenpath.yaml"


def build(source: Path, folder: Path, target: str) -> Path:
    command = (sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder))
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.iterdir()
    return built


def _pinned() -> list[str]:
    """Each package of the lock with its version."""
    lines = re.findall(
        r"^([a-z0-9_.-]+)(?:\[[a-z,]+\])?(==[^ ;]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE
    )
    return ["".join(line) for line in lines]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment with the wheel and what it depends on, in the versions of the lock."""
    folder = tmp_path_factory.mktemp("environment")
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(_pinned()))
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    command = (
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        wheel,
        "-c",
        constraints,
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and re.search(
        r"(?i)connection|resolution|timed out|No matching distribution", done.stderr
    ):
        pytest.skip(f"the package index cannot be reached, so nothing is installed: {done.stderr[-200:]}")
    assert done.returncode == 0, done.stderr
    return python.parent


def said(installed: Path, folder: Path, *words: str, code: int = 0) -> str:
    """What the installed command prints, in a folder that has no checkout around it."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("GOLDENPATH", "PYTHON"))
    }
    done = subprocess.run(
        (installed / words[0], *words[1:]),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_the_installed_command_takes_a_request_to_a_commit(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "goldenpath.yaml").write_bytes((ROOT / FLEET).read_bytes())
    assert said(
        installed, tmp_path, "goldenpath", "--version"
    ) == f"goldenpath, version {PROJECT['version']}\n".replace(", version", "")
    assert "tenant" in said(installed, tmp_path, "goldenpath", "paths")
    given = [f"--set={each}" for each in ("name=vision", "owner=vision-team", "clusters=eu-central")]
    said(installed, tmp_path, "goldenpath", "new", "tenant", *given)
    said(installed, tmp_path, "goldenpath", "check", "tenant.yaml")
    assert "kind: Namespace" in said(installed, tmp_path, "goldenpath", "render", "tenant.yaml")
    said(installed, tmp_path, "goldenpath", "fleet", "init", "fleet", "--fleet", "goldenpath.yaml")
    said(
        installed,
        tmp_path,
        "goldenpath",
        "publish",
        "tenant.yaml",
        "--repo",
        "fleet",
        "--author",
        "Ada <a@b.example>",
    )
    assert "vision-team" in said(installed, tmp_path / "fleet", "goldenpath", "fleet", "list")


def test_the_schema_of_the_modeline_is_in_the_package(installed: Path, tmp_path: Path) -> None:
    location = said(installed, tmp_path, "goldenpath", "schema", "tenant", "--as", "location").strip()
    assert "/goldenpath/_schemas/tenant-v1.json" in location
    assert Path(location.removeprefix("file://")).is_relative_to(installed.parent)
    assert (
        Path(location.removeprefix("file://")).read_bytes()
        == (ROOT / "docs/reference/schemas/tenant-v1.json").read_bytes()
    )


def test_a_base_install_names_the_extra_that_is_missing(installed: Path, tmp_path: Path) -> None:
    checks = json.loads(said(installed, tmp_path, "goldenpath", "doctor", "--format", "json"))["checks"]
    missing = {check["name"]: check["fix"] for check in checks if check["area"] == "install" and check["fix"]}
    assert missing == {
        extra: f"pip install 'goldenpath[{extra}]'" for extra in PROJECT["optional-dependencies"]
    }
    (tmp_path / "goldenpath.yaml").write_bytes((ROOT / FLEET).read_bytes())
    served = said(installed, tmp_path, "goldenpath", "serve", "--repo", ".", code=2)
    assert "pip install 'goldenpath[backstage]'" in served
    compared = said(installed, tmp_path, "goldenpath", "diff", "goldenpath.yaml", "--context", "a", code=2)
    assert "kubeconfig" in compared or "goldenpath[cluster]" in compared


def test_every_extra_is_documented() -> None:
    page = (ROOT / "docs/tasks/install.md").read_text()
    for extra in PROJECT["optional-dependencies"]:
        assert f"| `{extra}` |" in page


def test_the_image_copies_all_that_the_wheel_is_built_from(wheel: Path, tmp_path: Path) -> None:
    context = tmp_path / "context"
    for line in CONTAINERFILE.splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            *sources, goal = line.split()[1:]
            for source in sources:
                place = context / (source if goal == "./" else goal)
                place.parent.mkdir(parents=True, exist_ok=True)
                copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copyfile
                copy(ROOT / source, place)
    built = build(context, tmp_path / "wheel", "wheel")
    assert _contents(built) == _contents(wheel)


def test_the_image_installs_every_extra_and_starts_a_command_that_exists() -> None:
    extras = re.search(r"'\.\[([a-z0-9,]+)\]'", CONTAINERFILE)
    assert extras is not None
    assert set(extras[1].split(",")) == PROJECT["optional-dependencies"].keys()
    start = re.search(r"^ENTRYPOINT (.*)$", CONTAINERFILE, re.MULTILINE)
    assert start is not None
    command, verb = json.loads(start[1])
    assert command in PROJECT["scripts"]
    assert verb in COMMANDS


def test_the_image_has_the_pins_of_the_lock() -> None:
    line = next(line for line in CONTAINERFILE.splitlines() if line.startswith("RUN sed "))
    done = subprocess.run(
        line.removeprefix("RUN ").partition(" > ")[0],
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == _pinned()


def _contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_of_the_sdist_is_the_wheel_of_the_checkout(wheel: Path, tmp_path: Path) -> None:
    sdist = build(ROOT, tmp_path / "sdist", "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    again = build(next(tmp_path.glob("goldenpath-*")), tmp_path / "wheel", "wheel")
    assert again.read_bytes() == wheel.read_bytes()


def test_the_wheel_holds_golden_paths_schemas_and_the_backend(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    templates = {
        f"goldenpath/_templates/{file.relative_to(ROOT / 'templates')}"
        for file in (ROOT / "templates").rglob("*")
        if file.is_file()
    }
    assert templates <= names
    assert "goldenpath/_schemas/tenant-v1.json" in names
    assert "goldenpath_backstage/server.py" in names or any(
        name.startswith("goldenpath_backstage/server/") for name in names
    )
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]
