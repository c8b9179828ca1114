"""``goldenpath upgrade resume``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.cli.wave_options import upgrade_wave_command

if TYPE_CHECKING:
    from goldenpath.upgrades import UpgradeWaves
    from goldenpath.waves import Progress


@upgrade_wave_command(
    "resume",
    examples=("goldenpath upgrade resume tenant/v1 --repo https://git.example.org/platform/fleet.git",),
    checks_health=True,
)
def command(waves: UpgradeWaves) -> Progress:
    """Continue an upgrade after a gate, a pause or a crash.

    Each call continues to the next gate, so CI can call the command again and again.
    """
    return waves.resume()
