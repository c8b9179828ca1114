"""``goldenpath upgrade`` and ``fleet list --behind`` on a fleet whose tenants have version 1.0.0."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from fleets import asked
from plain_git import file_at
from upgrade_fleets import NEW, OLD, old_fleet, replaced

from goldenpath.cli.root_command import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIMITS = "clusters/berlin/tenants/vision/limit-range.yaml"
AGREED = ("--approved-by", "platform-team", "--reason", "Agreed", "--expires", "2099-01-01")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    old_fleet(tmp_path / "fleet.git", asked(), asked("speech"))
    return tmp_path / "fleet.git"


@pytest.fixture
def run(place: Path) -> Callable[..., Result]:
    def invoke(*arguments: str) -> Result:
        who = () if "plan" in arguments or "list" in arguments else ("--author", "Ada <ada@example.org>")
        return CliRunner().invoke(cli, [*arguments, "--repo", str(place), *who], prog_name="goldenpath")

    return invoke


def test_owners_that_change_alike_are_one_group(run: Callable[..., Result], place: Path) -> None:
    replaced(place, LIMITS, "cpu: 100m", "cpu: 250m")
    plan = json.loads(run("upgrade", "plan", "tenant/v1", "--format", "json").stdout)
    assert plan["summary"] == {"up to date": 0, "ready": 1, "waits for its owner": 1, "stopped": 0}
    assert [group["names"] for group in plan["groups"]] == [["speech", "vision"]]
    (edit,) = next(each for each in plan["upgrades"] if each["name"] == "vision")["edits"]
    assert (edit["verdict"], edit["before"], edit["after"], edit["new"]) == (
        "carried",
        "100m",
        "250m",
        "100m",
    )


def test_text_and_markdown_say_the_same(run: Callable[..., Result]) -> None:
    text = run("upgrade", "plan", "tenant/v1").stdout
    markdown = run("upgrade", "plan", "tenant/v1", "--format", "markdown").stdout
    for shown in (text, markdown):
        assert f"tenant/v1 to {NEW}: 2 ready" in shown
        assert "+ RoleBinding <tenant>/<tenant>-workloads" in shown
    assert "speech, vision" in text


def test_one_tenant_is_upgraded_with_its_edit(run: Callable[..., Result], place: Path) -> None:
    replaced(place, LIMITS, "cpu: 100m", "cpu: 250m")
    refused = run("upgrade", "tenant/v1", "vision")
    assert refused.exit_code == 2
    assert "--approved-by" in refused.stderr
    done = run("upgrade", "tenant/v1", "vision", *AGREED)
    assert done.exit_code == 0, done.output
    assert "cpu: 250m" in file_at(place, LIMITS)
    assert run("upgrade", "tenant/v1", "vision", "--dry-run").stdout.startswith(
        f"tenant/v1 to {NEW}: 1 up to date"
    )


def test_half_an_agreement_is_refused(run: Callable[..., Result]) -> None:
    refused = run("upgrade", "tenant/v1", "vision", "--reason", "Why not")
    assert (refused.exit_code, "--approved-by and --expires" in refused.stderr) == (2, True)


def test_a_tenant_on_an_old_version_is_listed_until_upgraded(run: Callable[..., Result]) -> None:
    def behind() -> list[tuple[str, str, str]]:
        listed = json.loads(run("fleet", "list", "--behind", "--format", "json").stdout)["behind"]
        return [(each["name"], each["version"], each["newest"]) for each in listed]

    assert behind() == [(name, OLD, NEW) for name in ("berlin", "austin", "speech", "vision")]
    assert run("upgrade", "tenant/v1", "speech").exit_code == 0
    assert "speech" not in {name for name, *_ in behind()}
    assert "vision" in run("fleet", "list", "--behind").stdout


def test_a_selection_that_fits_no_one_is_refused(run: Callable[..., Result]) -> None:
    refused = run("upgrade", "plan", "tenant/v1", "--tenants", "nobody")
    assert (refused.exit_code, "not-selected" in refused.stderr) == (2, True)
    assert "1 ready" in run("upgrade", "plan", "tenant/v1", "--owner", "vision-team").stdout
    assert "2 ready" in run("upgrade", "plan", "tenant/v1", "--label", "environment=production").stdout
