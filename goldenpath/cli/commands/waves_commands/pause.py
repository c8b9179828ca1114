"""``goldenpath fleet waves pause``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.cli.wave_options import change_wave_command, reason_option

if TYPE_CHECKING:
    from goldenpath.changes import ChangeWaves
    from goldenpath.waves import Progress


@change_wave_command(
    "pause",
    reason_option,
    examples=("goldenpath fleet waves pause 3f2a9c1b7e --repo . --reason 'Incident 4711'",),
)
def command(waves: ChangeWaves, *, reason: str) -> Progress:
    """Start no further wave until the change set is resumed.

    CHANGE is the change set's id. Merged waves stay, and open reviews stay open.
    """
    return waves.pause(reason)
