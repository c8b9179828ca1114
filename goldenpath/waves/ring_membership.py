"""Assigns owners to waves, once, when a rollout starts."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.waves.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from goldenpath.waves.waves_file import Wave

__all__ = ["RingCandidate", "members_of"]


@dataclass(frozen=True, slots=True)
class RingCandidate:
    """An owner that may be in a wave."""

    name: str
    owner: str | None
    labels: Mapping[str, str]


def members_of(waves: Sequence[Wave], candidates: Sequence[RingCandidate]) -> dict[str, tuple[str, ...]]:
    """Return the names of the members of each wave. An owner that no wave selects stays unchanged.

    A count or a percentage selects by a digest of the names, which is deterministic and not alphabetical.
    """
    remaining = sorted(candidates, key=lambda each: hashlib.sha256(each.name.encode()).hexdigest())
    found: dict[str, tuple[str, ...]] = {}
    for wave in waves:
        selection = Selection(wave.names, wave.owner, wave.labels)
        matching = [each for each in remaining if selection.matches(each.name, each.owner, each.labels)]
        names = {each.name for each in matching[: _max_members(wave, len(candidates))]}
        found[wave.name] = tuple(sorted(names))
        remaining = [each for each in remaining if each.name not in names]
    return found


def _max_members(wave: Wave, total: int) -> int:
    limits = [total]
    if wave.count is not None:
        limits.append(wave.count)
    if wave.percent is not None:
        limits.append(max(1, math.floor(total * wave.percent / 100)))
    return min(limits)
