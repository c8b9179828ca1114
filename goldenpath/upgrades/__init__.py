"""Upgrades of golden paths across a fleet: planned, carried out in waves, and taken back, with no hand edit lost.

The new version is rendered from the request; hand edits are fields, and become overrides of the new rendering.
"""

from __future__ import annotations

from goldenpath.upgrades.carrying import Agreement
from goldenpath.upgrades.one_upgrade import OneUpgrade, Readiness
from goldenpath.upgrades.selection import Selection
from goldenpath.upgrades.upgrade_plan import UpgradeGroup, UpgradePlan
from goldenpath.upgrades.upgrading import Upgrader
from goldenpath.upgrades.wave_progress import Progress
from goldenpath.upgrades.wave_runner import WaveRunner
from goldenpath.upgrades.waves_file import Waves, read_waves

__all__ = [
    "Agreement",
    "OneUpgrade",
    "Progress",
    "Readiness",
    "Selection",
    "UpgradeGroup",
    "UpgradePlan",
    "Upgrader",
    "WaveRunner",
    "Waves",
    "read_waves",
]
