"""Changes of many owners in waves: the members of each wave, the gates between waves, and the rollback of a wave.

For: the file with the waves, the record of decisions, the gates (soak, health, budget, freeze, effects, reviews), and
the runner of a :class:`~goldenpath.waves.rollout.Rollout`.

Not for: the change itself. An upgrade (:mod:`goldenpath.upgrades`) and a change set (:mod:`goldenpath.changes`) are
rollouts.
"""

from __future__ import annotations

from goldenpath.waves.selection import Selection
from goldenpath.waves.wave_progress import MemberState, Progress
from goldenpath.waves.wave_runner import WaveRunner
from goldenpath.waves.waves_file import Waves, read_waves

__all__ = [
    "MemberState",
    "Progress",
    "Selection",
    "WaveRunner",
    "Waves",
    "read_waves",
]
