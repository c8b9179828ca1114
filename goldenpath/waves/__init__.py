"""Changes of many owners that go in waves: who goes when, what must hold in between, and how a wave goes back.

For: the file with the waves, the record of what people decided, the gates (soak, health, budget, freeze, effects,
reviews), and what carries a :class:`~goldenpath.waves.rollout.Rollout` out.

Not for: what changes. An upgrade (:mod:`goldenpath.upgrades`) and a change set (:mod:`goldenpath.changes`) are rollouts.
"""

from __future__ import annotations

from goldenpath.waves.rollout import Merged, Outlook, Rollout, RolloutView
from goldenpath.waves.selection import Selection
from goldenpath.waves.wave_progress import MemberState, Progress
from goldenpath.waves.wave_runner import WaveRunner
from goldenpath.waves.waves_file import Waves, read_waves

__all__ = [
    "MemberState",
    "Merged",
    "Outlook",
    "Progress",
    "Rollout",
    "RolloutView",
    "Selection",
    "WaveRunner",
    "Waves",
    "read_waves",
]
