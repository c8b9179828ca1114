"""A new fleet repository is complete from its first commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fleets import ADA, FLEET, asked, fleet_text
from plain_git import files_at, git, paths_at, subjects

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.fleet import Fleet
from goldenpath.fleet.initial_files import FORGES, starter_fleet
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from pathlib import Path


def test_the_example_that_a_new_fleet_begins_with_is_accepted() -> None:
    assert parse_fleet(kubeyaml.load(starter_fleet())).clusters


def test_a_new_folder_becomes_a_repository_with_its_files_checked_out(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    with Fleet.create(folder, fleet_text(), forge="github", code_owner="@example/platform", author=ADA):
        assert git(folder, "status", "--porcelain") == ""
    assert (folder / "goldenpath.yaml").read_text() == fleet_text()
    assert (folder / "CODEOWNERS").read_text().endswith("* @example/platform\n")
    assert "goldenpath fleet validate" in (folder / ".github/workflows/goldenpath.yaml").read_text()
    for cluster in FLEET["clusters"]:
        assert (folder / f"clusters/{cluster}/roots.yaml").is_file()
    assert git(folder, "log", "-1", "--format=%an").strip() == "Ada"


@pytest.mark.parametrize("forge", FORGES)
def test_the_check_of_each_forge_is_yaml_that_runs_the_commands(tmp_path: Path, forge: str) -> None:
    with Fleet.create(tmp_path / "fleet", fleet_text(), bare=True, forge=forge):
        text = files_at(tmp_path / "fleet")[FORGES[forge][0]]
    assert kubeyaml.load(text)
    assert "goldenpath fleet validate --repo . --at HEAD" in text


def test_an_empty_clone_becomes_the_fleet(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "clone")
    with Fleet.create(tmp_path / "clone", fleet_text()):
        assert subjects(tmp_path / "clone") == ["Start the fleet of Example"]


def test_an_empty_remote_becomes_the_fleet(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    url = f"file://{tmp_path / 'remote.git'}"
    with Fleet.create(url, fleet_text(), cache=tmp_path / "cache") as fleet:
        fleet.publish(asked())
    assert subjects(tmp_path / "remote.git") == ["Add vision on berlin", "Start the fleet of Example"]


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Ours.")
    with pytest.raises(InputError) as refused:
        Fleet.create(tmp_path, fleet_text())
    assert refused.value.problems[0].rule == "not-empty"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_repository_with_commits_is_left_alone(fleet: Fleet, place: Path) -> None:
    with pytest.raises(InputError) as refused:
        Fleet.create(place, fleet_text())
    assert refused.value.problems[0].rule == "not-empty"
    assert len(subjects(place)) == 1


@pytest.mark.parametrize(
    ("change", "path"), [({"forge": "sourcehut"}, "--forge"), ({"code_owner": "@a b\n*"}, "--code-owner")]
)
def test_invalid_arguments_are_refused_before_any_write(
    tmp_path: Path, change: dict[str, str], path: str
) -> None:
    with pytest.raises(InputError) as refused:
        Fleet.create(tmp_path / "fleet", fleet_text(), **change)
    assert [problem.path for problem in refused.value.problems] == [path]
    assert not (tmp_path / "fleet").exists()


def test_a_fleet_with_problems_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        Fleet.create(tmp_path / "fleet", "format: fleet/v1\n")
    assert not (tmp_path / "fleet").exists()


def test_a_work_tree_is_brought_along_by_a_publish(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    with Fleet.create(folder, fleet_text()) as fleet:
        fleet.publish(asked())
    assert git(folder, "status", "--porcelain") == ""
    assert (folder / "tenants/vision/tenant.yaml").is_file()


def test_a_detached_checkout_is_read_only(fleet: Fleet, place: Path, tmp_path: Path) -> None:
    fleet.publish(asked())
    git(tmp_path, "clone", "--quiet", str(place), "ci")
    git(tmp_path / "ci", "checkout", "--quiet", "--detach")
    with Fleet.open(tmp_path / "ci", at="HEAD") as checkout:
        assert [tenant.name for tenant in checkout.summary().tenants] == ["vision"]
        assert checkout.validate().exit_code == 0
        with pytest.raises(InputError, match="is read-only"):
            checkout.publish(asked("speech"))
    assert "tenants/speech/tenant.yaml" not in paths_at(place)
