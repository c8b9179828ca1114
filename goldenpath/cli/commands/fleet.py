"""``goldenpath fleet``."""

from __future__ import annotations

from typing import Final

import click

from goldenpath.cli.lazy_group import LazyGroup

SUMMARIES: Final = {
    "init": "Make a new fleet repository, with its first commit.",
    "list": "List tenants and clusters, and which accelerators are asked for and free.",
    "show": "Show what one tenant asks for and has.",
    "cost": "Show what tenants were promised and used, in accelerator hours and at list prices.",
    "query": "Find the requests, or the rendered objects, for which an expression is true.",
    "edit": "Change a field in many requests at once, as one change set.",
    "waves": "Follow a change set that `goldenpath fleet edit --waves` started.",
    "undo": "Take a change set back: its earlier values return, and later changes of others stay.",
    "changes": "List the change sets: open ones first, then the newest.",
    "validate": "Check everything in the repository at once: what CI runs.",
}
"""The commands of the group, in the order in which a person meets them."""


@click.group(
    name="fleet", cls=LazyGroup, package="goldenpath.cli.commands.fleet_commands", summaries=SUMMARIES
)
def command() -> None:
    """Start a fleet repository, list its tenants and workloads, and check the whole of it."""
