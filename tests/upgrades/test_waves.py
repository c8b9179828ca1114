"""Waves: members, gates, and rollback of a wave."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
from fleets import asked
from plain_git import commit_by_hand, file_at, git
from upgrade_fleets import NEW, OLD, old_fleet, opened, replaced

from goldenpath.errors import InputError
from goldenpath.upgrades import Agreement, Progress, Selection, UpgradeWaves, read_waves
from goldenpath.upgrades.upgrade_planner import UpgradePlanner
from goldenpath.waves.forge_pace import ForgePace
from goldenpath.waves.freeze_windows import freeze_at
from goldenpath.waves.owner_health import HealthState, OwnerHealth
from goldenpath.waves.ring_membership import RingCandidate, members_of
from goldenpath.waves.wave_progress import MemberState
from goldenpath.waves.waves_file import waves_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.spec.ref import Ref

NAMES = ("edge", "speech", "vision")
TWO_WAVES = """
format: waves/v1
waves:
- {name: canary, names: [vision]}
- {name: rest}
"""

CANARY = """
format: waves/v1
waves:
- {name: canary}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    old_fleet(tmp_path / "fleet.git", *map(asked, NAMES))
    return tmp_path / "fleet.git"


class Clusters:
    """Stands for the clusters: healthy, unless a test says otherwise."""

    def __init__(self) -> None:
        self.ill: dict[str, HealthState] = {}

    def __call__(self, merged: Mapping[Ref, str], state: FleetState) -> Mapping[Ref, OwnerHealth]:
        del state
        return {ref: OwnerHealth(self.ill.get(ref.path, HealthState.HEALTHY)) for ref in merged}


class Clock:
    """The time, as a test sets it; a commit is written at the real one."""

    def __init__(self) -> None:
        self.ahead = dt.timedelta()

    def __call__(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.ahead


def versions(place: Path) -> dict[str, str]:
    return {name: json.loads(file_at(place, f"tenants/{name}/goldenpath.lock"))["version"] for name in NAMES}


def states(progress: Progress) -> dict[str, MemberState]:
    return {member.name: member.state for wave in progress.waves for member in wave.members}


def start(place: Path, text: str = TWO_WAVES, **options: Any) -> tuple[Progress, Clusters, Clock]:
    clusters, clock = Clusters(), Clock()
    with opened(place) as fleet:
        runner = UpgradeWaves(fleet, "tenant/v1", gate=clusters, clock=clock)
        return runner.start(read_waves(text, "waves.yaml"), **options), clusters, clock


def again(place: Path, clusters: Clusters | None = None, clock: Clock | None = None) -> Progress:
    """What another process, in another clone, makes of it."""
    with opened(place) as fleet:
        return UpgradeWaves(fleet, "tenant/v1", gate=clusters or Clusters(), clock=clock or Clock()).resume()


def test_without_gates_each_wave_is_one_commit(place: Path) -> None:
    before = git(place, "rev-list", "--count", "main")
    progress, *_ = start(place)
    assert progress.is_complete
    assert versions(place) == dict.fromkeys(NAMES, NEW)
    subjects = git(place, "log", "-3", "--format=%s").splitlines()
    assert [subject.rpartition(" ")[2] for subject in subjects[:2]] == ["rest", "canary"]
    assert int(git(place, "rev-list", "--count", "main")) == int(before) + 3
    assert again(place).is_complete
    assert int(git(place, "rev-list", "--count", "main")) == int(before) + 3


def test_the_next_wave_waits_for_the_soak_of_the_one_before(place: Path) -> None:
    progress, _, clock = start(place, TWO_WAVES + "soak: 2h\n")
    assert versions(place) == {"edge": OLD, "speech": OLD, "vision": NEW}
    assert "to soak until" in progress.waits_for
    clock.ahead = dt.timedelta(hours=1)
    assert "to soak until" in again(place, clock=clock).waits_for
    clock.ahead = dt.timedelta(hours=3)
    assert again(place, clock=clock).is_complete


@pytest.mark.parametrize("ill", [HealthState.UNHEALTHY, HealthState.APPLYING])
def test_an_owner_that_is_not_healthy_stops_the_next_wave(place: Path, ill: HealthState) -> None:
    clusters = Clusters()
    clusters.ill["vision"] = ill
    with opened(place) as fleet:
        runner = UpgradeWaves(fleet, "tenant/v1", gate=clusters)
        progress = runner.start(read_waves(TWO_WAVES, "waves.yaml"))
    assert versions(place) == {"edge": OLD, "speech": OLD, "vision": NEW}
    assert progress.phase == ("paused" if ill is HealthState.UNHEALTHY else "running")
    assert "vision" in progress.waits_for
    assert again(place).is_complete


def test_an_owner_that_waits_for_quota_stops_no_one(place: Path) -> None:
    clusters = Clusters()
    clusters.ill["vision"] = HealthState.WAITING_FOR_QUOTA
    with opened(place) as fleet:
        progress = UpgradeWaves(fleet, "tenant/v1", gate=clusters).start(read_waves(TWO_WAVES, "waves.yaml"))
    assert progress.is_complete


def test_the_failure_budget_holds(place: Path) -> None:
    clusters = Clusters()
    clusters.ill["vision"] = HealthState.UNHEALTHY
    text = (
        TWO_WAVES.replace("- {name: rest}", "- {name: second, names: [edge]}\n- {name: third}")
        + "budget: 1\n"
    )
    with opened(place) as fleet:
        runner = UpgradeWaves(fleet, "tenant/v1", gate=clusters)
        clusters.ill["edge"] = HealthState.UNHEALTHY
        progress = runner.start(read_waves(text, "waves.yaml"))
    assert versions(place) == {"vision": NEW, "edge": NEW, "speech": OLD}
    assert (progress.phase, "above the budget of 1" in progress.waits_for) == ("paused", True)


def test_a_freeze_window_holds_and_ends(place: Path) -> None:
    day = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
    text = (
        TWO_WAVES
        + f"freeze: [{{begins: '{day}T00:00', ends: '2098-01-01T00:00', time_zone: UTC, reason: Year end}}]\n"
    )
    progress, _, clock = start(place, text)
    assert (versions(place), progress.waits_for) == (
        dict.fromkeys(NAMES, OLD),
        "the end of a freeze: Year end",
    )
    clock.ahead = dt.timedelta(days=366 * 73)
    assert again(place, clock=clock).is_complete


@pytest.mark.parametrize(
    ("moment", "frozen"),
    [
        ("2026-12-20T16:59:00+00:00", False),
        ("2026-12-20T17:00:00+00:00", True),
        ("2027-01-06T22:59:59+00:00", True),
        ("2027-01-06T23:00:00+00:00", False),
        ("2026-10-25T00:30:00+00:00", True),  # 02:30, before the clocks go back in Berlin
        ("2026-10-25T01:30:00+00:00", True),  # 02:30 again
        ("2026-10-25T03:30:00+00:00", False),
        ("2026-11-01T23:30:00+00:00", False),  # Monday there
    ],
)
def test_a_window_is_of_its_time_zone(moment: str, *, frozen: bool) -> None:
    waves = waves_of(
        {
            "format": "waves/v1",
            "waves": [{"name": "a"}],
            "freeze": [
                {"begins": "2026-12-20T18:00", "ends": "2027-01-07T00:00", "time_zone": "Europe/Berlin", "reason": "x"},
                {"days": ["sun"], "after": "02:00", "before": "03:00", "time_zone": "Europe/Berlin", "reason": "y"},
            ],
        }
    )  # fmt: skip
    assert (freeze_at(dt.datetime.fromisoformat(moment), waves.freeze) is not None) == frozen


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"waves": []}, "waves"),
        ({"waves": [{"name": "a"}, {"name": "a"}]}, ""),
        ({"freeze": [{"time_zone": "Berlin", "days": ["mon"], "reason": "x"}]}, "freeze.0.time_zone"),
        ({"freeze": [{"time_zone": "UTC", "reason": "x"}]}, "freeze.0"),
        ({"waves": [{"name": "a", "effects": "nothing"}]}, "waves.0.effects"),
        ({"soak": "long"}, "soak"),
        ({"more": 1}, "more"),
    ],
)
def test_an_ambiguous_waves_file_is_refused_with_the_field(change: dict[str, Any], path: str) -> None:
    with pytest.raises(InputError) as refused:
        waves_of({"format": "waves/v1", "waves": [{"name": "a"}], **change})
    assert path in {problem.path for problem in refused.value.problems}


def test_members_are_selected_deterministically_by_label_number_and_percentage() -> None:
    waves = waves_of(
        {
            "format": "waves/v1",
            "waves": [
                {"name": "staging", "labels": {"environment": "staging"}},
                {"name": "two", "count": 2},
                {"name": "tenth", "percent": 10},
                {"name": "rest"},
            ],
        }
    ).waves
    everyone = [
        RingCandidate(f"t{n}", "us", {"environment": "staging" if n % 10 == 0 else "production"})
        for n in range(100)
    ]
    found = members_of(waves, everyone)
    assert {wave: len(names) for wave, names in found.items()} == {
        "staging": 10,
        "two": 2,
        "tenth": 10,
        "rest": 78,
    }
    assert found == members_of(waves, everyone[::-1])
    assert sum(map(len, found.values())) == 100


def test_a_tenant_with_hand_edits_waits_and_stops_no_other(place: Path) -> None:
    replaced(place, "clusters/berlin/tenants/vision/limit-range.yaml", "cpu: 100m", "cpu: 250m")
    commit_by_hand(place, {"clusters/berlin/tenants/speech/network.yaml": None})
    progress, *_ = start(place)
    assert versions(place) == {"edge": NEW, "speech": OLD, "vision": OLD}
    assert states(progress) == {
        "edge": MemberState.DONE,
        "speech": MemberState.STOPPED,
        "vision": MemberState.WAITS,
    }
    assert progress.is_complete


def test_an_agreement_carries_the_edits(place: Path) -> None:
    replaced(place, "clusters/berlin/tenants/vision/limit-range.yaml", "cpu: 100m", "cpu: 250m")
    start(place, agreement=Agreement("platform-team", "Agreed", dt.date(2099, 1, 1)))
    assert versions(place)["vision"] == NEW
    assert "cpu: 250m" in file_at(place, "clusters/berlin/tenants/vision/limit-range.yaml")


def test_an_effect_above_the_waves_limit_is_held_back(place: Path) -> None:
    text = TWO_WAVES.replace("- {name: rest}", "- {name: rest, effects: metadata}")
    progress, *_ = start(place, text)
    assert states(progress) == {
        "vision": MemberState.DONE,
        "edge": MemberState.HELD,
        "speech": MemberState.HELD,
    }


def test_pause_resume_and_abort_are_recorded(place: Path) -> None:
    start(place, TWO_WAVES + "soak: 2h\n")
    later = Clock()
    later.ahead = dt.timedelta(hours=3)
    with opened(place) as fleet:
        runner = UpgradeWaves(fleet, "tenant/v1", clock=later)
        runner.pause("Incident")
        assert runner.advance().phase == "paused"
        assert versions(place)["edge"] == OLD
        runner.abort("Enough")
        with pytest.raises(InputError, match="aborted"):
            runner.resume()
    assert versions(place)["edge"] == OLD


def test_a_second_start_is_refused_during_the_first(place: Path) -> None:
    _, _, clock = start(place, CANARY + "soak: 2h\n", selection=Selection(names=("vision",)))
    with pytest.raises(InputError, match="starts other waves once these are complete or aborted"):
        start(place)  # merged, and not soaked yet
    clock.ahead = dt.timedelta(hours=3)
    with opened(place) as fleet:
        runner = UpgradeWaves(fleet, "tenant/v1", gate=Clusters(), clock=clock)
        runner.pause("Incident")
        with pytest.raises(InputError, match="`goldenpath upgrade resume tenant/v1` continues it"):
            runner.start(read_waves(TWO_WAVES, "waves.yaml"))
    assert versions(place) == {"edge": OLD, "speech": OLD, "vision": NEW}


def test_other_owners_are_started_when_the_first_ones_are_done(place: Path) -> None:
    start(place, CANARY, selection=Selection(names=("vision",)))
    progress, *_ = start(place)
    assert progress.is_complete
    assert set(states(progress)) == {"edge", "speech"}
    assert versions(place) == dict.fromkeys(NAMES, NEW)
    with pytest.raises(InputError, match="select no members"):
        start(place)  # the record still knows how to take the last waves back
    with opened(place) as fleet:
        UpgradeWaves(fleet, "tenant/v1").rollback("rest")
    assert versions(place) == {"edge": OLD, "speech": OLD, "vision": NEW}


def test_an_aborted_upgrade_can_be_started_again(place: Path) -> None:
    start(place, TWO_WAVES + "soak: 2h\n")
    with opened(place) as fleet:
        UpgradeWaves(fleet, "tenant/v1").abort("Enough")
    progress, *_ = start(place)
    assert set(states(progress)) == {"edge", "speech"}
    assert versions(place) == dict.fromkeys(NAMES, NEW)


def test_a_rolled_back_wave_has_the_earlier_blob_ids(place: Path) -> None:
    def trees(name: str) -> str:
        return git(place, "ls-tree", "-r", "main", f"clusters/berlin/tenants/{name}", f"tenants/{name}")

    before = {name: trees(name) for name in NAMES}
    start(place)
    with opened(place) as fleet:
        progress = UpgradeWaves(fleet, "tenant/v1").rollback("canary")
    assert trees("vision") == before["vision"]
    assert versions(place) == {"edge": NEW, "speech": NEW, "vision": OLD}
    assert (progress.phase, states(progress)["vision"]) == ("paused", MemberState.ROLLED_BACK)
    again(place)
    assert versions(place)["vision"] == OLD


def test_a_wave_without_upgrades_cannot_be_rolled_back(place: Path) -> None:
    start(place, TWO_WAVES + "soak: 2h\n")
    with opened(place) as fleet, pytest.raises(InputError, match="waves with merged changes: canary"):
        UpgradeWaves(fleet, "tenant/v1").rollback("rest")


def test_the_pace_waits_in_the_minute_and_stops_in_the_hour() -> None:
    now, slept = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    pace = ForgePace(80, 500, clock=lambda: now[0], sleep=sleep)
    taken = 0
    while pace.take():
        taken += 1
    assert taken == 500 // 3
    assert sum(slept) >= 60 * (500 // 80 - 1)
    now[0] += 3600
    assert pace.take()


def test_an_owner_is_computed_again_only_after_a_change(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worked_out: list[str] = []
    real = UpgradePlanner.of

    def counted(self: UpgradePlanner, ref: Ref) -> Any:
        worked_out.append(ref.path)
        return real(self, ref)

    monkeypatch.setattr(UpgradePlanner, "of", counted)
    with opened(place) as fleet:
        runner = UpgradeWaves(fleet, "tenant/v1", gate=Clusters())
        runner.start(read_waves(TWO_WAVES + "soak: 2h\n", "waves.yaml"))
        worked_out.clear()
        runner.status()
        assert worked_out == []
        replaced(place, "clusters/berlin/tenants/edge/limit-range.yaml", "cpu: 100m", "cpu: 250m")
        assert states(runner.status())["edge"] is MemberState.WAITS
        assert worked_out == ["edge"]
