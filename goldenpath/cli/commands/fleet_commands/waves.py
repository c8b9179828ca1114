"""``goldenpath fleet waves``."""

from __future__ import annotations

from goldenpath.cli.lazy_group import command_group

command = command_group(
    "waves",
    "Follow a change set that `goldenpath fleet edit --waves` started.",
    {
        "status": "Show the progress of a change set in waves.",
        "resume": "Continue a change set in waves after a gate, a pause or a crash.",
        "pause": "Start no further wave until the change set is resumed.",
        "abort": "Stop a change set in waves for good.",
        "rollback": "Undo a wave of a change set, in a new commit.",
    },
)
