"""The pull requests of a change in waves: one for each wave and owner, identified by its branch."""

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
    """Finds open and declined reviews.

    Args:
        fleet: the fleet repository.
        record: the record of people's decisions.
        forge: the forge; without it, a branch counts as a review.
        branch: returns the branch of a wave and an owner.
        label: the label of the pull requests.
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
        """Return the review for one owner's change in a wave."""
        return Review(self._forge, branch=self._branch(wave, owner), labels=("goldenpath", self._label))

    def is_open(self, view: RolloutView) -> Callable[[Wave, str], bool]:
        """Return a function that tells whether an owner's change is in review; it looks up each branch once."""
        if not self._record.pull_requests:
            return lambda *_: False
        known: dict[str, bool] = {}

        def is_open(wave: Wave, name: str) -> bool:
            branch = self._branch(wave, view.owner_of(name))
            if branch not in known:
                exists = self._fleet.store.heads([branch])[branch] is not None
                if exists and self._forge is not None:
                    # A process that was killed after the push left a branch without a pull request.
                    exists = self._forge.find(branch, self._fleet.store.branch) is not None
                known[branch] = exists
            return known[branch]

        return is_open

    def newly_declined(self, look: WaveLook[Any]) -> tuple[DeclinedReview, ...]:
        """Return pull requests that were closed without a merge, and are not recorded yet."""
        if self._forge is None or not self._record.pull_requests:
            return ()
        known = {each.branch for each in self._record.declined}
        base = self._fleet.store.branch
        found: list[DeclinedReview] = []
        for wave in self._record.waves.waves:
            names = self._record.members.get(wave.name, {})
            unmerged = [name for name in names if look.view.exists(name) and not look.view.is_done(name)]
            has_begun = not unmerged
            for owner, group in by_owner(look.view, unmerged).items():
                branch = self._branch(wave, owner)
                if branch in known or self._forge.find(branch, base) is not None:
                    has_begun = True
                    continue
                closed = self._forge.find_declined(branch, base)
                if closed is not None:
                    has_begun = True
                    found.append(DeclinedReview(branch=branch, url=closed.url, names=tuple(group)))
            if not has_begun:
                break  # no later wave has begun either, and requests to the forge are limited
        return tuple(found)

    def _branch(self, wave: Wave, owner: str | None) -> str:
        who = re.sub(r"[^a-z0-9-]+", "-", (owner or "no-owner").lower()).strip("-")
        return self._branch_of(wave.name, who)


def by_owner(view: RolloutView, names: Sequence[str]) -> dict[str | None, list[str]]:
    """Group names by the group that owns them."""
    groups: dict[str | None, list[str]] = {}
    for name in names:
        groups.setdefault(view.owner_of(name), []).append(name)
    return groups
