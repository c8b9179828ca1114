"""One look at an upgrade in waves: where each owner is, by the locks on the branch and by its clusters."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from goldenpath.errors import InputError
from goldenpath.repository.fleet_tree import read_lock
from goldenpath.spec.ref import Ref, Subject
from goldenpath.spec.types import duration_seconds
from goldenpath.tenancy import RepositoryPaths
from goldenpath.upgrades.one_upgrade import OneUpgrade, Readiness
from goldenpath.upgrades.owner_health import HealthState
from goldenpath.upgrades.upgrading import what_stops
from goldenpath.upgrades.wave_progress import MemberProgress, MemberState, WaveProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from goldenpath.fleet import Fleet
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.repository.lock import Lock
    from goldenpath.upgrades.owner_health import HealthGate, OwnerHealth
    from goldenpath.upgrades.upgrade_state import UpgradeState
    from goldenpath.upgrades.waves_file import Wave

__all__ = ["WaveLook"]

_ON_ITS_WAY = frozenset({MemberState.PENDING, MemberState.IN_REVIEW})


@dataclass(frozen=True, slots=True)
class _Merged:
    commit: str
    written: dt.datetime


class WaveLook:
    """One state of the fleet, seen by an upgrade.

    Args:
        fleet: the fleet repository.
        state: the state to look at.
        record: the upgrade.
        ref_of: what a name stands for.
        work_out: the upgrade of one owner.
        gate: looks at clusters.
        in_review: whether the change of a name is up for review.
    """

    def __init__(
        self,
        fleet: Fleet,
        state: FleetState,
        record: UpgradeState,
        *,
        ref_of: Callable[[str], Ref],
        work_out: Callable[[Ref], OneUpgrade],
        gate: HealthGate,
        in_review: Callable[[Wave, str], bool],
    ) -> None:
        self._fleet = fleet
        self.state = state
        self.record = record
        self._ref_of = ref_of
        self._work_out = work_out
        self._gate = gate
        self._in_review = in_review
        self._upgrades: dict[str, OneUpgrade | str] = {}
        self._merged: dict[str, _Merged | None] = {}

    def members(self, wave: Wave) -> tuple[MemberProgress, ...]:
        """Where each owner of a wave is; without its health."""
        return tuple(self._member(wave, name) for name in self.record.members.get(wave.name, {}))

    def ready(self, wave: Wave) -> list[str]:
        """Owners of a wave that can be upgraded now."""
        return [member.name for member in self.members(wave) if member.state is MemberState.PENDING]

    def owner_of(self, name: str) -> str | None:
        """The Backstage group that owns one."""
        lock = self.lock(name)
        return lock.owner if lock else None

    def seen(self, wave: Wave) -> WaveProgress:
        """A wave, with the time at which it has soaked."""
        members = self.members(wave)
        until = None
        if members and not any(member.state in _ON_ITS_WAY for member in members):
            until = self._soaks_until(wave, members)
        return WaveProgress(wave.name, members, until)

    def with_health(self, waves: Iterable[WaveProgress]) -> tuple[WaveProgress, ...]:
        """The waves, with the health of each owner that is upgraded."""
        found = self.health
        return tuple(
            replace(wave, members=tuple(replace(m, health=found.get(m.name)) for m in wave.members))
            for wave in waves
        )

    @cached_property
    def health(self) -> dict[str, OwnerHealth]:
        """How every owner is that the upgrade has merged."""
        if not self.record.waves.health:
            return {}
        names = [
            member.name
            for wave in self.record.waves.waves
            for member in self.members(wave)
            if member.state is MemberState.UPGRADED
        ]
        merged = {self._ref_of(name): found.commit for name in names if (found := self._merge_of(name))}
        by_ref = self._gate(merged, self.state) if merged else {}
        return {ref.path: health for ref, health in by_ref.items()}

    @property
    def unhealthy(self) -> list[str]:
        """Owners whose upgrade made them unhealthy."""
        return [name for name, health in self.health.items() if health.state is HealthState.UNHEALTHY]

    def lock(self, name: str) -> Lock | None:
        """The lock of one owner."""
        ref = self._ref_of(name)
        if ref.subject is Subject.PLATFORM:
            return self.state.tree.platform_lock(ref.name).lock
        return self.state.tree.lock(self.state.tree.find(ref)).lock

    def _member(self, wave: Wave, name: str) -> MemberProgress:
        lock = self.lock(name)
        if lock is None:
            return MemberProgress(name, MemberState.GONE)
        if wave.name in self.record.rolled_back:
            return MemberProgress(name, MemberState.ROLLED_BACK)
        if (lock.golden_path, lock.version) == (self.record.golden_path, self.record.version):
            return MemberProgress(name, MemberState.UPGRADED)
        if name in self.record.declined_names:
            return MemberProgress(name, MemberState.DECLINED)
        if self._in_review(wave, name):
            return MemberProgress(name, MemberState.IN_REVIEW)
        return self._not_begun(wave, name)

    def _not_begun(self, wave: Wave, name: str) -> MemberProgress:
        upgrade = self.upgrade(name)
        if isinstance(upgrade, str):
            return MemberProgress(name, MemberState.STOPPED, upgrade)
        if upgrade.readiness in {Readiness.STOPPED, Readiness.WAITS}:
            why = "; ".join(str(problem) for problem in what_stops(upgrade))
            is_waiting = upgrade.readiness is Readiness.WAITS
            return MemberProgress(name, MemberState.WAITS if is_waiting else MemberState.STOPPED, why)
        if wave.effects is not None and upgrade.effect.rank > wave.effects.rank:
            why = f"its effect is {upgrade.effect}, and the wave allows {wave.effects}"
            return MemberProgress(name, MemberState.HELD, why)
        return MemberProgress(name, MemberState.PENDING)

    def upgrade(self, name: str) -> OneUpgrade | str:
        """The upgrade of one owner; or why it cannot be worked out."""
        if name not in self._upgrades:
            try:
                self._upgrades[name] = self._work_out(self._ref_of(name))
            except InputError as error:
                self._upgrades[name] = str(error)
        return self._upgrades[name]

    def stop(self, name: str, why: str) -> None:
        """Take an owner for stopped in this look: its commit was refused."""
        self._upgrades[name] = why

    def _soaks_until(self, wave: Wave, members: tuple[MemberProgress, ...]) -> dt.datetime | None:
        merges = [
            merged.written
            for member in members
            if member.state is MemberState.UPGRADED and (merged := self._merge_of(member.name))
        ]
        if not merges:
            return None
        soak = duration_seconds(wave.soak or self.record.waves.soak)
        return max(merges) + dt.timedelta(seconds=float(soak))

    def _merge_of(self, name: str) -> _Merged | None:
        """The commit with which the branch got the upgrade of one owner."""
        if name not in self._merged:
            self._merged[name] = self._look_for_merge(name)
        return self._merged[name]

    def _look_for_merge(self, name: str) -> _Merged | None:
        ref = self._ref_of(name)
        paths = RepositoryPaths(ref, self.state.context.layout)
        repository = self._fleet.store.repository
        found: _Merged | None = None
        tip = self.state.snapshot.commit or self._fleet.store.ref
        for commit in repository.log(tip, paths=[paths.lock], first_parent=True):
            entry = repository.snapshot(commit.id).find(paths.lock)
            lock = (
                None if entry is None else read_lock(repository.blob(entry.id), paths.lock, paths.owns).lock
            )
            if lock is None or lock.version != self.record.version:
                break
            found = _Merged(commit.id, commit.written)
        return found
