"""The pull requests of an upgrade in waves: one for each wave and owner, whose branch names it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from goldenpath.fleet import Review
from goldenpath.spec.ref import Ref, Subject
from goldenpath.upgrades.upgrade_state import DeclinedReview

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from goldenpath.fleet import Fleet
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.forges import Forge
    from goldenpath.upgrades.upgrade_state import UpgradeState
    from goldenpath.upgrades.wave_look import WaveLook
    from goldenpath.upgrades.waves_file import Wave

__all__ = ["WaveReviews", "by_owner"]

_BRANCHES = "goldenpath-upgrade"


class WaveReviews:
    """What is up for review, and what people closed.

    Args:
        fleet: the fleet repository.
        record: the upgrade.
        forge: where pull requests are; without one, a branch stands for one.
    """

    def __init__(self, fleet: Fleet, record: UpgradeState, forge: Forge | None) -> None:
        self._fleet = fleet
        self._record = record
        self._forge = forge

    def of(self, wave: Wave, owner: str | None) -> Review:
        """How the change of one owner in a wave is put up for review."""
        return Review(self._forge, branch=self._branch(wave, owner), labels=("goldenpath", "upgrade"))

    def is_open(self, state: FleetState, ref_of: Callable[[str], Ref]) -> Callable[[Wave, str], bool]:
        """Tells whether the change of a name is up for review; each branch is asked for once."""
        if not self._record.pull_requests:
            return lambda *_: False
        known: dict[str, bool] = {}

        def is_open(wave: Wave, name: str) -> bool:
            branch = self._branch(wave, _owner_of(state, ref_of(name)))
            if branch not in known:
                is_there = self._fleet.store.heads([branch])[branch] is not None
                if is_there and self._forge is not None:
                    # A process that was killed between the branch and its pull request left the branch alone.
                    is_there = self._forge.find(branch, self._fleet.store.branch) is not None
                known[branch] = is_there
            return known[branch]

        return is_open

    def closed_by_people(self, look: WaveLook) -> tuple[DeclinedReview, ...]:
        """Pull requests that were closed without a merge, and are not recorded yet."""
        if self._forge is None or not self._record.pull_requests:
            return ()
        known = {each.branch for each in self._record.declined}
        base = self._fleet.store.branch
        found: list[DeclinedReview] = []
        for wave in self._record.waves.waves:
            left = [
                name for name in self._record.members.get(wave.name, {}) if not self._is_merged(look, name)
            ]
            for owner, names in by_owner(look, left).items():
                branch = self._branch(wave, owner)
                if branch in known or self._forge.find(branch, base) is not None:
                    continue
                closed = self._forge.find_declined(branch, base)
                if closed is not None:
                    found.append(DeclinedReview(branch=branch, url=closed.url, names=tuple(names)))
        return tuple(found)

    def _is_merged(self, look: WaveLook, name: str) -> bool:
        lock = look.lock(name)
        return lock is not None and lock.version == self._record.version

    def _branch(self, wave: Wave, owner: str | None) -> str:
        who = re.sub(r"[^a-z0-9-]+", "-", (owner or "no-owner").lower()).strip("-")
        path = self._record.golden_path.partition("/")[0]
        return f"{_BRANCHES}/{path}-{self._record.version}/{wave.name}.{who}"


def by_owner(look: WaveLook, names: Sequence[str]) -> dict[str | None, list[str]]:
    """Names by the group that owns them."""
    groups: dict[str | None, list[str]] = {}
    for name in names:
        groups.setdefault(look.owner_of(name), []).append(name)
    return groups


def _owner_of(state: FleetState, ref: Ref) -> str | None:
    if ref.subject is Subject.PLATFORM:
        return None
    lock = state.tree.lock(state.tree.find(ref)).lock
    return lock.owner if lock else None
