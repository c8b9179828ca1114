"""``goldenpath upgrade rollback``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.wave_options import upgrade_wave_command

if TYPE_CHECKING:
    from goldenpath.upgrades import UpgradeWaves
    from goldenpath.waves import Progress


@upgrade_wave_command(
    "rollback",
    click.option("--wave", metavar="NAME", help="The wave. Default: the last one that upgraded an owner."),
    examples=(
        "goldenpath upgrade rollback tenant/v1 --repo .",
        "goldenpath upgrade rollback tenant/v1 --repo . --wave canary",
    ),
)
def command(waves: UpgradeWaves, *, wave: str | None) -> Progress:
    """Return the members of a wave to their earlier version, in a new commit.

    The upgrade is paused. `upgrade plan` shows what a rollback cannot restore, before the wave starts.
    """
    return waves.rollback(wave)
