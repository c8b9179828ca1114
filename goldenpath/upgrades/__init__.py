"""Upgrades of golden paths across a fleet: planned, carried out in waves, and taken back, with no hand edit lost.

The new version is rendered from the request; hand edits are fields, and become overrides of the new rendering.
"""

from __future__ import annotations

from goldenpath.upgrades.carrying import Agreement
from goldenpath.upgrades.one_upgrade import OneUpgrade, UpgradeReadiness
from goldenpath.upgrades.upgrade_plan import UpgradeGroup, UpgradePlan
from goldenpath.upgrades.upgrade_waves import UpgradeWaves
from goldenpath.upgrades.upgrading import Upgrader
from goldenpath.waves import Progress, Selection, Waves, read_waves

__all__ = [
    "Agreement",
    "OneUpgrade",
    "Progress",
    "Selection",
    "UpgradeGroup",
    "UpgradePlan",
    "UpgradeReadiness",
    "UpgradeWaves",
    "Upgrader",
    "Waves",
    "read_waves",
]
