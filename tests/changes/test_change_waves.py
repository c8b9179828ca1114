"""A change set in waves: the gates of an upgrade, one id, and rollback of a wave."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from fleets import ADA, asked, new_fleet
from plain_git import files_at, git

from goldenpath.changes import (
    BulkEdit,
    ChangeWaves,
    Undo,
    change_sets,
    make_change,
    plan_change,
    start_in_waves,
)
from goldenpath.cli.root_command import cli
from goldenpath.errors import InputError
from goldenpath.fleet import Fleet, PublishOptions
from goldenpath.waves import MemberState, Progress, read_waves
from goldenpath.waves.owner_health import HealthState, OwnerHealth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.spec.ref import Ref

WAVES = """
format: waves/v1
waves:
- {name: canary, names: [vision]}
- {name: rest}
"""
NAMES = ("speech", "text", "vision")


@pytest.fixture
def fleet(place: Path) -> Iterator[Fleet]:
    with new_fleet(place) as made:
        made.publish(asked("vision"), asked("speech"), asked("text", gpus=[]))
        yield made


def edit(*sets: str, where: str = "true") -> BulkEdit:
    return BulkEdit.of(where, sets=sets or ["compute.pods=31"], reason="More Pods")


def start(fleet: Fleet, text: str = WAVES, *, change: BulkEdit | None = None, **options: Any) -> Progress:
    return start_in_waves(fleet, change or edit(), read_waves(text, "waves.yaml"), author=ADA, **options)


def states(progress: Progress) -> dict[str, MemberState]:
    return {member.name: member.state for wave in progress.waves for member in wave.members}


def pods(place: Path) -> set[str]:
    """The tenants whose request has the change."""
    there = files_at(place)
    return {name for name in NAMES if "pods: 31" in there[f"tenants/{name}/tenant.yaml"]}


def test_each_wave_is_one_commit_of_one_change_set(fleet: Fleet, place: Path) -> None:
    planned = plan_change(fleet, edit())
    progress = start(fleet, approved=planned.digest)
    assert progress.is_complete
    assert pods(place) == set(NAMES)
    (change,) = change_sets(fleet, fleet.state().snapshot)
    assert (change.id, len(change.commits)) == (planned.id, 2)
    assert [each.ref.name for each in change.requests] == [*NAMES]
    assert git(place, "log", "-2", "--format=%an|%s").splitlines() == ["Ada|More Pods"] * 2
    assert "wave rest" in git(place, "log", "-1", "--format=%b")


def test_a_plan_that_was_not_approved_starts_nothing(fleet: Fleet, place: Path) -> None:
    before = git(place, "rev-parse", "main")
    with pytest.raises(InputError, match="read the new plan"):
        start(fleet, approved=f"sha256:{'0' * 64}")
    assert git(place, "rev-parse", "main") == before


def test_the_next_wave_waits_for_soak_and_health(fleet: Fleet, place: Path) -> None:
    health = {"vision": HealthState.UNHEALTHY}

    def gate(merged: Mapping[Ref, str], state: FleetState) -> Mapping[Ref, OwnerHealth]:
        for ref, commit in merged.items():
            assert git(place, "diff-tree", "-r", "--name-only", commit, "--", f"tenants/{ref.name}")
        return {ref: OwnerHealth(health.get(ref.path, HealthState.HEALTHY)) for ref in merged}

    progress = start(fleet, WAVES + "soak: 2h\n", gate=gate)
    assert (pods(place), progress.phase) == ({"vision"}, "paused")
    name = progress.identity["change"]
    health.clear()

    def later() -> dt.datetime:
        return dt.datetime.now(dt.UTC) + dt.timedelta(hours=3)

    assert "to soak until" in ChangeWaves(fleet, name, gate=gate).resume().waits_for
    health["vision"] = HealthState.APPLYING
    assert "Flux to apply" in ChangeWaves(fleet, name, gate=gate, clock=later).resume().waits_for
    assert pods(place) == {"vision"}
    health.clear()
    assert ChangeWaves(fleet, name, gate=gate, clock=later).resume().is_complete
    assert pods(place) == set(NAMES)


def test_a_request_that_refuses_is_named_and_stops_no_other(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked("speech", compute={"pods": 20}, golden_path="tenant/v1", clusters=["berlin"]))
    change = edit("gpus[profile=nvidia-h100-80gb].clusters[+]=austin", where='name in ["vision"]')
    stopped = start(fleet, change=change)
    assert states(stopped) == {"vision": MemberState.STOPPED}
    assert "austin" in stopped.waves[0].members[0].why
    progress = start(fleet)
    assert states(progress) == dict.fromkeys(NAMES, MemberState.DONE)


def test_an_effect_above_the_waves_limit_is_held_back(fleet: Fleet, place: Path) -> None:
    text = WAVES.replace("- {name: rest}", "- {name: rest, effects: metadata}")
    assert states(start(fleet, text)) == {
        "vision": MemberState.DONE,
        "speech": MemberState.HELD,
        "text": MemberState.HELD,
    }


def test_one_wave_is_rolled_back_and_the_others_stay(fleet: Fleet, place: Path) -> None:
    def trees(name: str) -> str:
        folders = (f"clusters/berlin/tenants/{name}", f"tenants/{name}")
        return git(place, "ls-tree", "-r", "main", *folders)

    before = {name: trees(name) for name in NAMES}
    name = start(fleet).identity["change"]
    progress = ChangeWaves(fleet, name).rollback("canary")
    assert trees("vision") == before["vision"]
    assert (pods(place), progress.phase) == ({"speech", "text"}, "paused")
    assert ChangeWaves(fleet, name).resume().is_complete
    assert pods(place) == {"speech", "text"}
    undo = Undo(name)
    make_change(fleet, undo, options=PublishOptions(approved=plan_change(fleet, undo).digest))
    assert {each: trees(each) for each in NAMES} == before


def test_each_owner_has_a_branch_and_no_other_change_set_overlaps(fleet: Fleet, place: Path) -> None:
    progress = start(fleet, WAVES + "health: false\n", pull_requests=True)
    name = progress.identity["change"]
    branch = f"goldenpath/change-{name}.canary.vision-team"
    assert git(place, "branch", "--list", "goldenpath/*").split() == [branch]
    assert states(progress)["vision"] is MemberState.IN_REVIEW
    other = plan_change(fleet, edit("compute.memory=1Ti")).reach
    assert [ref.name for ref in other.conflicting] == ["vision"]
    git(place, "update-ref", "refs/heads/main", branch)
    after = ChangeWaves(fleet, name).resume()
    assert states(after) == {
        "vision": MemberState.DONE,
        "speech": MemberState.IN_REVIEW,
        "text": MemberState.IN_REVIEW,
    }
    opened = change_sets(fleet, fleet.state().snapshot).open[name]
    assert [each.ref.name for each in opened.requests] == ["speech", "text"]


def test_the_commands_start_show_and_take_back(fleet: Fleet, place: Path, tmp_path: Path) -> None:
    waves = tmp_path / "waves.yaml"
    waves.write_text(WAVES + "health: false\n")

    def run(*words: str) -> dict[str, Any]:
        where = ("--repo", str(place), "--author", "Ada <ada@example.org>", "--format", "json")
        done = CliRunner().invoke(cli, [*words, *where], prog_name="goldenpath")
        assert done.exit_code == 0, done.output
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    asked_for = ("--where", "true", "--set", "compute.pods=31", "--reason", "More Pods")
    made = run("fleet", "edit", *asked_for, "--waves", str(waves))
    assert made["complete"]
    assert run("fleet", "waves", "status", made["change"])["waves"] == made["waves"]
    back = run("fleet", "waves", "rollback", made["change"])
    assert [member["state"] for member in back["waves"][1]["members"]] == ["rolled back"] * 2
    assert pods(place) == {"vision"}
