"""Waves with pull requests: one for each owner, none twice, and none again after a person closed it."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fleets import asked
from plain_git import file_at, git
from upgrade_fleets import NEW, OLD, old_fleet, opened

from goldenpath.forges import Closed, Opened
from goldenpath.upgrades import Progress, UpgradeWaves, read_waves
from goldenpath.waves.forge_pace import ForgePace
from goldenpath.waves.wave_progress import MemberState

if TYPE_CHECKING:
    from goldenpath.forges import PullRequest

WAVES = """
format: waves/v1
health: false
waves:
- {name: canary, names: [vision, edge]}
- {name: rest}
"""
NAMES = ("edge", "speech", "vision")


@dataclass
class Memory:
    """A forge in memory, where people merge and close."""

    calls: int = 0
    open: dict[str, PullRequest] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    declined: set[str] = field(default_factory=set)
    name: str = "Memory"

    def commit_page(self, commit: str) -> str | None:
        del commit
        return None

    def find(self, head: str, base: str) -> Opened | None:
        del base
        return Opened(self.numbers[head], f"https://forge/{head}") if head in self.open else None

    def find_declined(self, head: str, base: str) -> Opened | None:
        del base
        return Opened(self.numbers[head], f"https://forge/{head}") if head in self.declined else None

    def open_or_update(self, pull_request: PullRequest) -> Opened:
        head = pull_request.head
        self.calls += 1
        is_new = head not in self.open
        self.open[head] = pull_request
        self.numbers.setdefault(head, len(self.numbers) + 1)
        return Opened(self.numbers[head], f"https://forge/{head}", created=is_new)

    def close(self, number: int, comment: str = "") -> Closed:
        raise NotImplementedError((number, comment))

    def person_closes(self, head: str) -> None:
        del self.open[head]
        self.declined.add(head)

    def person_merges(self, head: str, place: Path) -> None:
        del self.open[head]
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder) / "work"
            git(place, "clone", "--quiet", str(place), str(work))
            who = ("-c", "user.name=Eve", "-c", "user.email=eve@example.org")
            git(work, *who, "merge", "--quiet", "--no-ff", "-m", f"Merge {head}", f"origin/{head}")
            git(work, "push", "--quiet", "origin", "HEAD:main")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    requests = [asked("vision"), asked("edge", owner="vision-team"), asked("speech")]
    old_fleet(tmp_path / "fleet.git", *requests)
    return tmp_path / "fleet.git"


@pytest.fixture
def forge() -> Memory:
    return Memory()


def go_on(place: Path, forge: Memory, *, start: bool = False, pace: ForgePace | None = None) -> Progress:
    with opened(place) as fleet:
        runner = UpgradeWaves(fleet, "tenant/v1", forge=forge, pace=pace)
        if start:
            return runner.start(read_waves(WAVES, "waves.yaml"), pull_requests=True)
        return runner.resume()


def version(place: Path, name: str) -> str:
    return str(json.loads(file_at(place, f"tenants/{name}/goldenpath.lock"))["version"])


CANARY = f"goldenpath-upgrade/tenant-{NEW}/canary.vision-team"
REST = f"goldenpath-upgrade/tenant-{NEW}/rest.speech-team"


def test_the_next_wave_waits_for_the_owners_pull_request(place: Path, forge: Memory) -> None:
    progress = go_on(place, forge, start=True)
    assert list(forge.open) == [CANARY]
    assert "reviews of wave canary: edge, vision" in progress.waits_for
    assert {version(place, name) for name in NAMES} == {OLD}
    forge.person_merges(CANARY, place)
    go_on(place, forge)
    assert list(forge.open) == [REST]
    forge.person_merges(REST, place)
    assert go_on(place, forge).is_complete
    assert {version(place, name) for name in NAMES} == {NEW}


def test_going_on_opens_no_second_one(place: Path, forge: Memory) -> None:
    go_on(place, forge, start=True)
    head = git(place, "rev-parse", CANARY)
    go_on(place, forge)
    assert (forge.calls, git(place, "rev-parse", CANARY)) == (1, head)


def test_a_closed_pull_request_stays_closed_and_the_next_wave_starts(place: Path, forge: Memory) -> None:
    go_on(place, forge, start=True)
    forge.person_closes(CANARY)
    progress = go_on(place, forge)
    assert list(forge.open) == [REST]
    members = {member.name: member.state for wave in progress.waves for member in wave.members}
    assert members["vision"] == members["edge"] == MemberState.DECLINED
    forge.person_merges(REST, place)
    assert go_on(place, forge).is_complete
    assert [version(place, name) for name in NAMES] == [OLD, NEW, OLD]
    assert list(forge.open) == []


def test_a_branch_without_a_pull_request_gets_one(place: Path, forge: Memory) -> None:
    go_on(place, forge, start=True)
    # As if the process had been killed between the push and the pull request.
    forge.open.clear()
    go_on(place, forge)
    assert list(forge.open) == [CANARY]
    assert forge.numbers == {CANARY: 1}


def test_a_later_run_continues_after_a_forge_limit(place: Path, forge: Memory) -> None:
    progress = go_on(place, forge, start=True, pace=ForgePace(per_hour=2))
    assert (list(forge.open), progress.is_complete) == ([], False)
    go_on(place, forge)
    assert list(forge.open) == [CANARY]


def test_a_closed_pull_request_stays_closed_when_waves_are_started_again(place: Path, forge: Memory) -> None:
    go_on(place, forge, start=True)
    forge.person_closes(CANARY)
    go_on(place, forge)
    forge.person_merges(REST, place)
    assert go_on(place, forge).is_complete
    again = go_on(place, forge, start=True)
    states = {member.name: member.state for wave in again.waves for member in wave.members}
    assert states == dict.fromkeys(("edge", "vision"), MemberState.DECLINED)
    assert (forge.open, version(place, "vision")) == ({}, OLD)
