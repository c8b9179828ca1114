"""One look at a change in waves: where each owner is, by the branch and by its clusters."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Generic

from goldenpath.spec.types import duration_seconds
from goldenpath.waves.owner_health import HealthState
from goldenpath.waves.rollout import R
from goldenpath.waves.wave_progress import MemberProgress, MemberState, WaveProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.spec.ref import Ref
    from goldenpath.waves.owner_health import HealthGate, OwnerHealth
    from goldenpath.waves.rollout import Merged, Outlook, RolloutView
    from goldenpath.waves.waves_file import Wave

__all__ = ["WaveLook"]

_ON_ITS_WAY = frozenset({MemberState.PENDING, MemberState.IN_REVIEW})


class WaveLook(Generic[R]):
    """One state of the fleet, seen by a rollout.

    Args:
        state: the state to look at.
        record: what people decided.
        view: the rollout on that state.
        ref_of: what a name stands for.
        gate: looks at clusters.
        in_review: whether the change of a name is up for review.
        stopped: owners whose commit was refused, with why.
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
        """Where each owner of a wave is; without its health."""
        return tuple(self._member(wave, name) for name in self.record.members.get(wave.name, {}))

    def ready(self, wave: Wave) -> list[str]:
        """Owners of a wave whose change can be made now."""
        return [member.name for member in self.members(wave) if member.state is MemberState.PENDING]

    def seen(self, wave: Wave) -> WaveProgress:
        """A wave, with the time at which it has soaked."""
        members = self.members(wave)
        until = None
        if members and not any(member.state in _ON_ITS_WAY for member in members):
            until = self._soaks_until(wave, members)
        return WaveProgress(wave.name, members, until)

    def with_health(self, waves: Iterable[WaveProgress]) -> tuple[WaveProgress, ...]:
        """The waves, with the health of each owner whose change is merged."""
        found = self.health
        return tuple(
            replace(wave, members=tuple(replace(m, health=found.get(m.name)) for m in wave.members))
            for wave in waves
        )

    @cached_property
    def health(self) -> dict[str, OwnerHealth]:
        """How every owner is whose change is merged."""
        if not self.record.waves.health:
            return {}
        names = [
            name
            for wave in self.record.waves.waves
            if wave.name not in self.record.rolled_back
            for name in self.record.members.get(wave.name, {})
            if self.view.is_there(name) and self.view.is_done(name)
        ]
        merged = {self._ref_of(name): found.commit for name in names if (found := self._merge_of(name))}
        by_ref = self._gate(merged, self.state) if merged else {}
        return {ref.path: health for ref, health in by_ref.items()}

    @property
    def unhealthy(self) -> list[str]:
        """Owners whose change made them unhealthy."""
        return [name for name, health in self.health.items() if health.state is HealthState.UNHEALTHY]

    def _member(self, wave: Wave, name: str) -> MemberProgress:
        if not self.view.is_there(name):
            return MemberProgress(name, MemberState.GONE)
        if wave.name in self.record.rolled_back:
            return MemberProgress(name, MemberState.ROLLED_BACK)
        if self.view.is_done(name):
            return MemberProgress(name, MemberState.DONE)
        if name in self.record.declined_names:
            return MemberProgress(name, MemberState.DECLINED)
        if self._in_review(wave, name):
            return MemberProgress(name, MemberState.IN_REVIEW)
        return self._not_begun(wave, name)

    def _not_begun(self, wave: Wave, name: str) -> MemberProgress:
        if name in self._stopped:
            return MemberProgress(name, MemberState.STOPPED, self._stopped[name])
        if name not in self._outlooks:
            self._outlooks[name] = self.view.outlook(name)
        outlook = self._outlooks[name]
        is_worse = wave.effects is not None and outlook.effect.rank > wave.effects.rank
        if outlook.state is MemberState.PENDING and is_worse:
            why = f"its effect is {outlook.effect}, and the wave allows {wave.effects}"
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
        """The commit with which the branch got the change of one owner."""
        if name not in self._merged:
            self._merged[name] = self.view.merge_of(name)
        return self._merged[name]
