"""``goldenpath fleet waves status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.cli.wave_options import change_wave_command

if TYPE_CHECKING:
    from goldenpath.changes import ChangeWaves
    from goldenpath.waves import Progress


@change_wave_command(
    "status",
    examples=(
        "goldenpath fleet waves status 3f2a9c1b7e --repo .",
        "goldenpath fleet waves status 3f2a9c1b7e --repo . --format json",
    ),
    checks_health=True,
)
def command(waves: ChangeWaves) -> Progress:
    """Show the progress of a change set in waves.

    CHANGE is the change set's id. Reads the branch, the record in `changes/` and the clusters. Writes nothing.
    """
    return waves.status()
