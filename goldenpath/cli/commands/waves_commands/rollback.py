"""``goldenpath fleet waves rollback``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.wave_options import change_wave_command

if TYPE_CHECKING:
    from goldenpath.changes import ChangeWaves
    from goldenpath.waves import Progress


@change_wave_command(
    "rollback",
    click.option("--wave", metavar="NAME", help="The wave. Default: the last one that changed an owner."),
    examples=(
        "goldenpath fleet waves rollback 3f2a9c1b7e --repo .",
        "goldenpath fleet waves rollback 3f2a9c1b7e --repo . --wave canary",
    ),
)
def command(waves: ChangeWaves, *, wave: str | None) -> Progress:
    """Undo a wave of a change set, in a new commit.

    CHANGE is the change set's id. Later changes of other people stay. The change set is paused.
    """
    return waves.rollback(wave)
