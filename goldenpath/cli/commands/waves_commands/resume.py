"""``goldenpath fleet waves resume``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.cli.wave_options import change_wave_command

if TYPE_CHECKING:
    from goldenpath.changes import ChangeWaves
    from goldenpath.waves import Progress


@change_wave_command(
    "resume",
    examples=("goldenpath fleet waves resume 3f2a9c1b7e --repo https://git.example.org/platform/fleet.git",),
    checks_health=True,
)
def command(waves: ChangeWaves) -> Progress:
    """Continue a change set in waves after a gate, a pause or a crash.

    CHANGE is the change set's id. Each call continues to the next gate, so CI can call the command again and again.
    """
    return waves.resume()
