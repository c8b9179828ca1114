"""Upgrade golden paths across a fleet: plan, run in waves, and roll back, without losing a hand edit.

The new version is rendered from the request. Hand edits are compared field by field, and become overrides.
"""

from __future__ import annotations

from goldenpath.upgrades.carried_edits import Agreement
from goldenpath.upgrades.one_upgrade import OneUpgrade, UpgradeReadiness
from goldenpath.upgrades.upgrade_plan import UpgradeGroup, UpgradePlan
from goldenpath.upgrades.upgrade_waves import UpgradeWaves
from goldenpath.upgrades.upgrader import Upgrader
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
