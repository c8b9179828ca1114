"""``goldenpath schemas``."""

from __future__ import annotations

from typing import Final

import click

from goldenpath.cli.lazy_group import LazyGroup

SUMMARIES: Final = {"import": "Take the kinds of a cluster or a folder as strict schemas for `check`."}
"""The commands of the group."""


@click.group(
    name="schemas", cls=LazyGroup, package="goldenpath.cli.commands.schemas_commands", summaries=SUMMARIES
)
def command() -> None:
    """Bring in schemas of kinds that goldenpath does not ship."""
