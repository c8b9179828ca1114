"""Derives the state of each member of a change in waves from the fleet's branch and from clusters."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Generic

from goldenpath.spec.types import duration_seconds
from goldenpath.waves.owner_health import HealthState
from goldenpath.waves.rollout import R
from goldenpath.waves.wave_progress import OPEN_STATES, MemberProgress, MemberState, WaveProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.spec.ref import Ref
    from goldenpath.waves.owner_health import HealthGate, OwnerHealth
    from goldenpath.waves.rollout import Merged, Outlook, RolloutView
    from goldenpath.waves.waves_file import Wave

__all__ = ["WaveLook"]


class WaveLook(Generic[R]):
    """A rollout on one state of the fleet.

    Args:
        state: the state of the fleet.
        record: the record of people's decisions.
        view: the rollout on that state.
        ref_of: returns the tenant, workload or platform of a name.
        gate: reads health from clusters.
        in_review: whether an owner's change is in review.
        stopped: owners whose commit was refused, with the reason.
    """

    def __init__(
        self,
        state: FleetState,
        record: R,
        view: RolloutView,
        *,
        ref_of: Callable[[str], Ref],
        gate: HealthGate,
        in_review: Callable[[Wave, str], bool],
        stopped: dict[str, str],
    ) -> None:
        self.state = state
        self.record = record
        self.view = view
        self._ref_of = ref_of
        self._gate = gate
        self._in_review = in_review
        self._stopped = stopped
        self._outlooks: dict[str, Outlook] = {}
        self._merged: dict[str, Merged | None] = {}

    def members(self, wave: Wave) -> tuple[MemberProgress, ...]:
        """Return the members of a wave with their states, without their health."""
        return tuple(self._member(wave, name) for name in self.record.members.get(wave.name, {}))

    def ready(self, wave: Wave) -> list[str]:
        """Return the members of a wave whose change can be made now."""
        return [member.name for member in self.members(wave) if member.state is MemberState.PENDING]

    def progress(self, wave: Wave) -> WaveProgress:
        """Return the progress of a wave, with the end of its soak."""
        members = self.members(wave)
        until = None
        if members and not any(member.state in OPEN_STATES for member in members):
            until = self._soaks_until(wave, members)
        return WaveProgress(wave.name, members, until)

    def with_health(self, waves: Iterable[WaveProgress]) -> tuple[WaveProgress, ...]:
        """Add the health of each owner whose change is merged."""
        found = self.health
        return tuple(
            replace(wave, members=tuple(replace(m, health=found.get(m.name)) for m in wave.members))
            for wave in waves
        )

    @cached_property
    def health(self) -> dict[str, OwnerHealth]:
        """The health of every owner whose change is merged."""
        if not self.record.waves.health:
            return {}
        names = [
            name
            for wave in self.record.waves.waves
            if wave.name not in self.record.rolled_back
            for name in self.record.members.get(wave.name, {})
            if self.view.exists(name) and self.view.is_done(name)
        ]
        merged = {self._ref_of(name): found.commit for name in names if (found := self._merge_of(name))}
        by_ref = self._gate(merged, self.state) if merged else {}
        return {ref.path: health for ref, health in by_ref.items()}

    @property
    def unhealthy(self) -> list[str]:
        """The owners that are unhealthy after the merge."""
        return [name for name, health in self.health.items() if health.state is HealthState.UNHEALTHY]

    def _member(self, wave: Wave, name: str) -> MemberProgress:
        if not self.view.exists(name):
            return MemberProgress(name, MemberState.GONE)
        if wave.name in self.record.rolled_back:
            return MemberProgress(name, MemberState.ROLLED_BACK)
        if self.view.is_done(name):
            return MemberProgress(name, MemberState.DONE)
        if name in self.record.declined_names:
            return MemberProgress(name, MemberState.DECLINED)
        if self._in_review(wave, name):
            return MemberProgress(name, MemberState.IN_REVIEW)
        return self._unmerged(wave, name)

    def _unmerged(self, wave: Wave, name: str) -> MemberProgress:
        if name in self._stopped:
            return MemberProgress(name, MemberState.STOPPED, self._stopped[name])
        if name not in self._outlooks:
            self._outlooks[name] = self.view.outlook(name)
        outlook = self._outlooks[name]
        is_worse = wave.effects is not None and outlook.effect.rank > wave.effects.rank
        if outlook.state is MemberState.PENDING and is_worse:
            why = f"its effect is {outlook.effect}, and the wave allows {wave.effects} at most"
            return MemberProgress(name, MemberState.HELD, why)
        return MemberProgress(name, outlook.state, outlook.why)

    def _soaks_until(self, wave: Wave, members: tuple[MemberProgress, ...]) -> dt.datetime | None:
        merges = [
            merged.when
            for member in members
            if member.state is MemberState.DONE and (merged := self._merge_of(member.name))
        ]
        if not merges:
            return None
        soak = duration_seconds(wave.soak or self.record.waves.soak)
        return max(merges) + dt.timedelta(seconds=float(soak))

    def _merge_of(self, name: str) -> Merged | None:
        if name not in self._merged:
            self._merged[name] = self.view.merge_of(name)
        return self._merged[name]
