"""``goldenpath retire``: hold, then delete; a dry run first, and the way on said at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fleet_commands import ADA, as_json
from plain_git import git, tip

if TYPE_CHECKING:
    from pathlib import Path

    from fleet_commands import Run


@pytest.fixture
def fleet(built_in_paths: None, repository: Path, run: Run) -> Path:
    """The repository, with the vision team in it."""
    assert run("publish", "vision.yaml", "--repo", str(repository)).exit_code == 0
    return repository


def test_a_tenant_is_held_and_the_second_step_named(fleet: Path, run: Run) -> None:
    result = run("retire", "vision", "--repo", str(fleet), "--author", ADA)
    assert result.exit_code == 0, result.output
    assert (
        result.stderr
        == f"After Flux has applied the hold: goldenpath retire vision --repo {fleet} --delete\n"
    )
    assert git(fleet, "log", "-1", "--format=%an|%s") == "Ada Lovelace|Hold vision to retire it"
    assert (fleet / "tenants/vision/tenant.yaml").read_text().endswith("retiring: true\n")


def test_a_second_hold_commits_nothing_and_prints_no_advice(fleet: Path, run: Run) -> None:
    run("retire", "vision", "--repo", str(fleet))
    before = tip(fleet)
    result = run("retire", "vision", "--repo", str(fleet))
    assert (result.exit_code, result.stderr, tip(fleet)) == (0, "", before)
    assert "Nothing to commit" in result.stdout


def test_a_tenant_is_held_on_one_cluster(fleet: Path, run: Run) -> None:
    assert run("retire", "vision", "--repo", str(fleet), "--cluster", "berlin").exit_code == 0
    assert git(fleet, "log", "-1", "--format=%s") == "Hold vision on berlin"


def test_the_list_marks_the_clusters_where_it_is_held(fleet: Path, run: Run) -> None:
    place = ("--repo", str(fleet))
    assert "(retiring)" not in run("fleet", "list", *place).stdout
    run("retire", "vision", *place, "--cluster", "berlin")
    assert "  berlin (retiring)" in run("fleet", "list", *place).stdout
    (tenant,) = as_json(run("fleet", "list", *place, "--format", "json"))["tenants"]
    assert (tenant["clusters"], tenant["retiring"]) == (["berlin"], ["berlin"])
    run("retire", "vision", *place)
    assert "  berlin (retiring)" in run("fleet", "list", *place).stdout


@pytest.mark.parametrize("step", [(), ("--delete",)], ids=["hold", "delete"])
def test_a_dry_run_writes_nothing(step: tuple[str, ...], fleet: Path, run: Run) -> None:
    if step:
        run("retire", "vision", "--repo", str(fleet))
    before = tip(fleet)
    result = run("retire", "vision", "--repo", str(fleet), "--dry-run", *step)
    assert (result.exit_code, tip(fleet)) == (0, before)
    assert "tenant vision" in result.stdout
    assert "Committed" not in result.stdout


def test_a_tenant_must_be_held_before_it_is_deleted(fleet: Path, run: Run) -> None:
    before = tip(fleet)
    result = run("retire", "vision", "--repo", str(fleet), "--delete")
    assert (result.exit_code, tip(fleet)) == (2, before)
    assert "run `goldenpath retire vision` first" in result.stderr
    assert "[not-held]" in result.stderr


def test_a_deleted_tenant_leaves_a_record_of_its_name(fleet: Path, run: Run) -> None:
    run("retire", "vision", "--repo", str(fleet))
    result = run("retire", "vision", "--repo", str(fleet), "--delete", "--author", ADA)
    assert (result.exit_code, result.stderr) == (0, "")
    assert not (fleet / "clusters/berlin/tenants/vision").exists()
    assert f'requested_by: "{ADA}"' in (fleet / "tenants/vision/retired.yaml").read_text()
    assert run("fleet", "list", "--repo", str(fleet)).stdout.endswith("Retired: vision\n")
    again = run("publish", "vision.yaml", "--repo", str(fleet))
    assert again.exit_code == 2
    assert "[retired-name]" in again.stderr


def test_a_whole_tenant_is_deleted_and_not_a_part(fleet: Path, run: Run) -> None:
    result = run("retire", "vision", "--repo", str(fleet), "--delete", "--cluster", "berlin")
    assert result.exit_code == 2
    assert "--delete removes the whole tenant" in result.stderr


def test_json_has_the_commit_and_no_advice(fleet: Path, run: Run) -> None:
    result = run("retire", "vision", "--repo", str(fleet), "--format", "json")
    assert as_json(result)["commit"] == tip(fleet)
    assert result.stderr == ""


def test_a_missing_tenant_is_reported_in_the_chosen_format(fleet: Path, run: Run) -> None:
    result = run("retire", "vison", "--repo", str(fleet), "--format", "json")
    assert result.exit_code == 2
    assert [each["nearest"] for each in as_json(result)["problems"]] == ["vision"]


def test_a_tenant_is_held_by_review(fleet: Path, run: Run) -> None:
    before = tip(fleet)
    result = run("retire", "vision", "--repo", str(fleet), "--pull-request")
    assert (result.exit_code, tip(fleet)) == (0, before)
    assert "to goldenpath/vision." in result.stdout
