"""The plain cookiecutter CLI gives the same bytes as the library, for every example."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from stories import Story, frozen_stories, stories

from goldenpath.paths import builtin_folder

if TYPE_CHECKING:
    from pathlib import Path


def cookiecutter(path: str | Path, out: Path, *answers: str) -> subprocess.CompletedProcess[str]:
    """The real CLI, in a process and with a home of its own."""
    command = [
        sys.executable,
        "-m",
        "cookiecutter",
        str(builtin_folder() / path),
        "--no-input",
        "--output-dir",
        str(out),
        *answers,
    ]
    environment = {**os.environ, "HOME": str(out.parent)}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=out.parent, check=False
    )


def tree(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): file.read_text() for file in folder.rglob("*") if file.is_file()
    }


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("story", [*stories(), *frozen_stories()[::4]], ids=lambda story: story.name)
def test_cookiecutter_writes_the_same_bytes(story: Story, out: Path) -> None:
    answers = [f"fleet={story.fleet_file}", "cluster=berlin"]
    if story.is_requested:
        answers.append(f"spec={story.spec_file}")
    result = cookiecutter(story.template, out, *answers)
    assert result.returncode == 0, result.stdout + result.stderr
    (project,) = out.iterdir()
    assert tree(project) == {file.path: file.text for file in story.render().files}


def story(name: str) -> Story:
    return next(story for story in stories() if story.name == name)


def test_scalar_answers_give_the_same_bytes_as_the_request_that_they_mean(out: Path) -> None:
    smallest = story("tenant/smallest-request")
    result = cookiecutter(
        "tenant", out, f"fleet={smallest.fleet_file}", "cluster=berlin", "name=no", "owner=sandbox-team"
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert tree(out / "no") == {file.path: file.text for file in smallest.render().files}


@pytest.mark.parametrize(
    ("answer", "reported"),
    [
        ("name=../../etc", "name: must be a DNS label"),
        ("title=two\nlines", "title: must be one line"),
        ("owner=x y", "owner: must be a Backstage group"),
        ("cluster=berlim", "Did you mean 'berlin'"),
        ("gpu_profile=nvidia-a30-24g", "Did you mean 'nvidia-a30-24gb'"),
    ],
)
def test_bad_answers_are_refused_and_nothing_is_written(answer: str, reported: str, out: Path) -> None:
    queue = story("tenant/gpus-with-a-queue")
    answers = {
        "fleet": str(queue.fleet_file),
        "cluster": "berlin",
        "name": "no",
        "owner": "sandbox-team",
        "gpu_quota": "1",
    }
    key, _, value = answer.partition("=")
    result = cookiecutter("tenant", out, *(f"{k}={v}" for k, v in {**answers, key: value}.items()))
    assert result.returncode == 2, result.stdout + result.stderr
    assert reported in result.stderr
    assert list(out.iterdir()) == []
    assert not (out.parent / "etc").exists()


def test_a_missing_fleet_is_asked_for(out: Path) -> None:
    result = cookiecutter("tenant", out, "name=no", "owner=sandbox-team")
    assert result.returncode == 2
    assert "fleet: is not a file; name your fleet" in result.stderr
    assert list(out.iterdir()) == []


def test_a_golden_path_of_ones_own_has_this_door_too(out: Path) -> None:
    mine = out.parent / "paths" / "tenant"
    shutil.copytree(builtin_folder() / "tenant", mine)
    metadata = (mine / "golden-path.yaml").read_text()
    (mine / "golden-path.yaml").write_text(
        metadata.replace("name: tenant", "name: ours").replace("1.1.0", "3.0.0")
    )
    mine = mine.rename(mine.parent / "ours")
    smallest = story("tenant/smallest-request")
    spec = out.parent / "spec.yaml"
    spec.write_text(smallest.spec_file.read_text().replace("tenant/v1", "ours/v3"))
    result = cookiecutter(str(mine), out, f"fleet={smallest.fleet_file}", f"spec={spec}")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "golden-path: ours/v3.0.0" in (out / "no/clusters/berlin/tenants/no/namespace.yaml").read_text()


def test_a_request_for_another_golden_path_is_refused(out: Path) -> None:
    smallest = story("tenant/smallest-request")
    spec = out.parent / "spec.yaml"
    spec.write_text(smallest.spec_file.read_text().replace("tenant/v1", "platform/v1"))
    result = cookiecutter("tenant", out, f"fleet={smallest.fleet_file}", f"spec={spec}")
    assert result.returncode == 2
    assert "golden_path: is rendered from the fleet, not from a request" in result.stderr
    assert list(out.iterdir()) == []
