"""The pull requests of a change in waves: one for each wave and owner, whose branch names it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from goldenpath.fleet import Review
from goldenpath.waves.wave_record import DeclinedReview

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from goldenpath.fleet import Fleet
    from goldenpath.forges import Forge
    from goldenpath.waves.rollout import RolloutView
    from goldenpath.waves.wave_look import WaveLook
    from goldenpath.waves.wave_record import WavesRecord
    from goldenpath.waves.waves_file import Wave

__all__ = ["WaveReviews", "by_owner"]


class WaveReviews:
    """What is up for review, and what people closed.

    Args:
        fleet: the fleet repository.
        record: what people decided.
        forge: where pull requests are; without one, a branch stands for one.
        branch: names the branch of a wave's and an owner's part.
        label: what the pull requests are, as a label of them.
    """

    def __init__(
        self,
        fleet: Fleet,
        record: WavesRecord,
        forge: Forge | None,
        *,
        branch: Callable[[str, str], str],
        label: str,
    ) -> None:
        self._fleet = fleet
        self._record = record
        self._forge = forge
        self._branch_of = branch
        self._label = label

    def of(self, wave: Wave, owner: str | None) -> Review:
        """How the change of one owner in a wave is put up for review."""
        return Review(self._forge, branch=self._branch(wave, owner), labels=("goldenpath", self._label))

    def is_open(self, view: RolloutView) -> Callable[[Wave, str], bool]:
        """Tells whether the change of a name is up for review; each branch is asked for once."""
        if not self._record.pull_requests:
            return lambda *_: False
        known: dict[str, bool] = {}

        def is_open(wave: Wave, name: str) -> bool:
            branch = self._branch(wave, view.owner_of(name))
            if branch not in known:
                is_there = self._fleet.store.heads([branch])[branch] is not None
                if is_there and self._forge is not None:
                    # A process that was killed between the branch and its pull request left the branch alone.
                    is_there = self._forge.find(branch, self._fleet.store.branch) is not None
                known[branch] = is_there
            return known[branch]

        return is_open

    def closed_by_people(self, look: WaveLook[Any]) -> tuple[DeclinedReview, ...]:
        """Pull requests that were closed without a merge, and are not recorded yet."""
        if self._forge is None or not self._record.pull_requests:
            return ()
        known = {each.branch for each in self._record.declined}
        base = self._fleet.store.branch
        found: list[DeclinedReview] = []
        for wave in self._record.waves.waves:
            names = self._record.members.get(wave.name, {})
            left = [name for name in names if look.view.is_there(name) and not look.view.is_done(name)]
            has_begun = not left
            for owner, group in by_owner(look.view, left).items():
                branch = self._branch(wave, owner)
                if branch in known or self._forge.find(branch, base) is not None:
                    has_begun = True
                    continue
                closed = self._forge.find_declined(branch, base)
                if closed is not None:
                    has_begun = True
                    found.append(DeclinedReview(branch=branch, url=closed.url, names=tuple(group)))
            if not has_begun:
                break  # no later wave has begun either, and a forge does not answer without end
        return tuple(found)

    def _branch(self, wave: Wave, owner: str | None) -> str:
        who = re.sub(r"[^a-z0-9-]+", "-", (owner or "no-owner").lower()).strip("-")
        return self._branch_of(wave.name, who)


def by_owner(view: RolloutView, names: Sequence[str]) -> dict[str | None, list[str]]:
    """Names by the group that owns them."""
    groups: dict[str | None, list[str]] = {}
    for name in names:
        groups.setdefault(view.owner_of(name), []).append(name)
    return groups
