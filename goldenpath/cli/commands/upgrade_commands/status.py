"""``goldenpath upgrade status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.cli.wave_options import upgrade_wave_command

if TYPE_CHECKING:
    from goldenpath.upgrades import UpgradeWaves
    from goldenpath.waves import Progress


@upgrade_wave_command(
    "status",
    examples=(
        "goldenpath upgrade status tenant/v1 --repo .",
        "goldenpath upgrade status tenant/v1 --to 1.1.0 --repo . --format json",
    ),
    checks_health=True,
)
def command(waves: UpgradeWaves) -> Progress:
    """Show the progress of an upgrade in waves.

    Reads the locks on the branch, the record in `upgrades/` and the clusters. Writes nothing.
    """
    return waves.status()
