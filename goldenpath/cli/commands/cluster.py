"""``goldenpath cluster``."""

from __future__ import annotations

from typing import Final

import click

from goldenpath.cli.lazy_group import LazyGroup

SUMMARIES: Final = {"inspect": "Tell what runs on a cluster, as an entry for goldenpath.yaml."}
"""The commands of the group."""


@click.group(
    name="cluster", cls=LazyGroup, package="goldenpath.cli.commands.cluster_commands", summaries=SUMMARIES
)
def command() -> None:
    """Look at what a cluster has."""
