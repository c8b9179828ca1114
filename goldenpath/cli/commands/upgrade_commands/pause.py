"""``goldenpath upgrade pause``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.cli.wave_options import reason_option, upgrade_wave_command

if TYPE_CHECKING:
    from goldenpath.upgrades import UpgradeWaves
    from goldenpath.waves import Progress


@upgrade_wave_command(
    "pause",
    reason_option,
    examples=("goldenpath upgrade pause tenant/v1 --repo . --reason 'Incident 4711'",),
)
def command(waves: UpgradeWaves, *, reason: str) -> Progress:
    """Start no further wave until the upgrade is resumed.

    Merged waves stay, and open reviews stay open.
    """
    return waves.pause(reason)
