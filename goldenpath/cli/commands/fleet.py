"""``goldenpath fleet``."""

from __future__ import annotations

from typing import Final

import click

from goldenpath.cli.lazy_group import LazyGroup

SUMMARIES: Final = {
    "init": "Make a new fleet repository, with its first commit.",
    "list": "List tenants and clusters, and which accelerators are asked for and free.",
    "show": "Show what one tenant asks for and has.",
    "query": "Find the requests, or the rendered objects, of which an expression is true.",
    "validate": "Check everything in the repository at once: what CI runs.",
}
"""The commands of the group, in the order in which a person meets them."""


@click.group(
    name="fleet", cls=LazyGroup, package="goldenpath.cli.commands.fleet_commands", summaries=SUMMARIES
)
def command() -> None:
    """Start a fleet repository, list what is in it, and hold all of it together."""
