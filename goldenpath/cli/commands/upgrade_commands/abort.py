"""``goldenpath upgrade abort``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.cli.wave_options import reason_option, upgrade_wave_command

if TYPE_CHECKING:
    from goldenpath.upgrades import UpgradeWaves
    from goldenpath.waves import Progress


@upgrade_wave_command(
    "abort",
    reason_option,
    examples=("goldenpath upgrade abort tenant/v1 --repo . --reason 'Wrong version'",),
)
def command(waves: UpgradeWaves, *, reason: str) -> Progress:
    """Stop an upgrade in waves for good.

    Merged waves stay; `rollback` undoes a wave. The record stays in `upgrades/`.
    """
    return waves.abort(reason)
