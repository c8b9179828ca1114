"""``goldenpath fleet waves abort``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.cli.wave_options import change_wave_command, reason_option

if TYPE_CHECKING:
    from goldenpath.changes import ChangeWaves
    from goldenpath.waves import Progress


@change_wave_command(
    "abort",
    reason_option,
    examples=("goldenpath fleet waves abort 3f2a9c1b7e --repo . --reason 'Wrong value'",),
)
def command(waves: ChangeWaves, *, reason: str) -> Progress:
    """Stop a change set in waves for good.

    CHANGE is the change set's id. Merged waves stay; `goldenpath fleet undo` undoes them. The record stays in `changes/`.
    """
    return waves.abort(reason)
