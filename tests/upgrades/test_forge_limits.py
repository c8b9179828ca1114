"""Waves stay below a forge's limits: a stand-in for GitHub enforces 80 creations a minute and 500 an hour."""

from __future__ import annotations

import datetime as dt
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fleets import asked
from loopback_forges import Loopback, Reply, Request
from played_forges import NAME, OWNER, TOKEN, PlayedGitHub
from upgrade_fleets import NEW, old_fleet, opened

from goldenpath.forges import ClientOptions, PullRequest, Token, forge_of
from goldenpath.upgrades import UpgradeWaves, read_waves
from goldenpath.waves.forge_pace import ForgePace

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.forges import Forge


@dataclass
class Clock:
    """Time that passes only where something sleeps; it begins late enough for an hour to have passed."""

    now: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Limited:
    """A played GitHub that refuses what is beyond its limits, as its secondary rate limit does."""

    def __init__(self, clock: Clock, per_minute: int = 80, per_hour: int = 500) -> None:
        self.played = PlayedGitHub()
        self.played.memory.teams = (*self.played.memory.teams, "edge-team", "speech-team")
        self._clock = clock
        self._limits = ((60.0, per_minute), (3600.0, per_hour))
        self._made: deque[float] = deque()
        self.refused = 0

    def __call__(self, request: Request) -> Reply:
        if request.method != "GET":
            for span, most in self._limits:
                recent = [when for when in self._made if self._clock.now - when < span]
                if len(recent) >= most:
                    self.refused += 1
                    wait = max(1, round(span - (self._clock.now - recent[0])))
                    text = "You have exceeded a secondary rate limit. Please wait a few minutes"
                    return Reply(403, {"message": text}, {"retry-after": str(wait)})
            self._made.append(self._clock.now)
        return self.played(request)

    def forge(self, url: str) -> Forge:
        options = ClientOptions(use_proxies=False, sleep=self._clock.sleep, clock=self._clock)
        remote = f"{url}/{OWNER}/{NAME}.git"
        forge = forge_of(remote, kind="github", token=Token(TOKEN), options=options)
        assert forge is not None
        return forge


def wanted(number: int) -> PullRequest:
    head = f"goldenpath-upgrade/tenant-1.1.0/rest.team-{number}"
    return PullRequest(head, "main", "Upgrade", "Body", labels=("goldenpath",), teams=("vision-team",))


def test_three_hundred_pull_requests_meet_no_limit_with_the_pace() -> None:
    clock = Clock()
    limited = Limited(clock)
    pace = ForgePace(clock=clock, sleep=clock.sleep)
    with Loopback("/api/v3", limited) as server:
        forge = limited.forge(server.url)
        runs = opened_ones = 0
        while opened_ones < 300:
            runs += 1
            while opened_ones < 300 and pace.take():
                pull_request = wanted(opened_ones)
                limited.played.memory.branches.add(pull_request.head)
                forge.open_or_update(pull_request)
                opened_ones += 1
            clock.now += 3600  # the hour is full: a later run goes on
    assert (limited.refused, len(limited.played.memory.pulls), runs) == (0, 300, 2)
    assert sum(clock.slept) > 60 * 5  # within an hour, the minute's limit was waited for


def test_a_refusal_with_retry_after_is_waited_for() -> None:
    """Another program may use up the limit: then the forge says how long to wait."""
    clock = Clock()
    limited = Limited(clock, per_minute=4)
    with Loopback("/api/v3", limited) as server:
        forge = limited.forge(server.url)
        for number in range(3):
            pull_request = wanted(number)
            limited.played.memory.branches.add(pull_request.head)
            forge.open_or_update(pull_request)
    assert limited.refused >= 2
    assert len(limited.played.memory.pulls) == 3
    assert all(pull.teams == ["vision-team"] for pull in limited.played.memory.pulls)
    assert max(clock.slept) >= 55


def test_waves_open_each_pull_request_once_below_the_limit(tmp_path: Path) -> None:
    place = tmp_path / "fleet.git"
    old_fleet(place, *map(asked, ("edge", "speech", "vision")))
    clock = Clock()
    limited = Limited(clock, per_minute=6, per_hour=8)
    heads = [f"goldenpath-upgrade/tenant-{NEW}/all.{name}-team" for name in ("edge", "speech", "vision")]
    limited.played.memory.branches.update(heads)
    waves = read_waves("format: waves/v1\nhealth: false\nwaves: [{name: all}]\n", "waves.yaml")
    began = clock.now

    def now() -> dt.datetime:
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=clock.now - began)

    with Loopback("/api/v3", limited) as server, opened(place) as fleet:
        forge = limited.forge(server.url)
        for run in range(2):
            pace = ForgePace(6, 8, clock=clock, sleep=clock.sleep)
            runner = UpgradeWaves(fleet, "tenant/v1", forge=forge, pace=pace, clock=now)
            progress = runner.resume() if run else runner.start(waves, pull_requests=True)
            assert "reviews of wave all" in progress.waits_for
            made = [pull.head for pull in limited.played.memory.pulls]
            assert made == (heads if run else heads[:2])
            # A run right after it knows from Git what was opened, and opens no more.
            pace = ForgePace(6, 8, clock=clock, sleep=clock.sleep)
            UpgradeWaves(fleet, "tenant/v1", forge=forge, pace=pace, clock=now).resume()
            assert [pull.head for pull in limited.played.memory.pulls] == made
            clock.now += 3600
        runner = UpgradeWaves(fleet, "tenant/v1", forge=forge)
        runner.resume()
    assert [pull.head for pull in limited.played.memory.pulls] == heads
    assert limited.refused == 0
