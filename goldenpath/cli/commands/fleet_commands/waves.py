"""``goldenpath fleet waves``."""

from __future__ import annotations

from typing import Final

import click

from goldenpath.cli.lazy_group import LazyGroup

SUMMARIES: Final = {
    "status": "Show how far a change set in waves is.",
    "resume": "Go on with a change set in waves: after a gate, a pause, or a crash.",
    "pause": "Start no further wave until the change set is resumed.",
    "abort": "Start no further wave at all.",
    "rollback": "Take a wave of a change set back, in a new commit.",
}
"""The commands of the group, in the order in which a person meets them."""


@click.group(
    name="waves", cls=LazyGroup, package="goldenpath.cli.commands.wave_commands", summaries=SUMMARIES
)
def command() -> None:
    """Follow a change set that `goldenpath fleet edit --waves` started."""
