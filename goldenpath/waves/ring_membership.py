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
    """One owner who may be in a wave."""

    name: str
    owner: str | None
    labels: Mapping[str, str]


def members_of(waves: Sequence[Wave], candidates: Sequence[RingCandidate]) -> dict[str, tuple[str, ...]]:
    """By wave, the names of its members. An owner that no wave takes stays as it is.

    A count or a part of all is chosen by a digest of the names: always the same ones, and not the first of the alphabet.
    """
    left = sorted(candidates, key=lambda each: hashlib.sha256(each.name.encode()).hexdigest())
    found: dict[str, tuple[str, ...]] = {}
    for wave in waves:
        chosen = Selection(wave.names, wave.owner, wave.labels)
        fitting = [each for each in left if chosen.fits(each.name, each.owner, each.labels)]
        taken = fitting[: _most(wave, len(candidates))]
        found[wave.name] = tuple(sorted(each.name for each in taken))
        names = {each.name for each in taken}
        left = [each for each in left if each.name not in names]
    return found


def _most(wave: Wave, everyone: int) -> int:
    limits = [everyone]
    if wave.count is not None:
        limits.append(wave.count)
    if wave.percent is not None:
        limits.append(max(1, math.floor(everyone * wave.percent / 100)))
    return min(limits)
