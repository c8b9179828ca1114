"""``goldenpath dataset``."""

from __future__ import annotations

from typing import Final

import click

from goldenpath.cli.lazy_group import LazyGroup

SUMMARIES: Final = {
    "hash": "Hash a folder: a manifest of its files, and one digest for all of them.",
    "verify": "Hold a folder against a manifest, a digest or a Croissant document.",
}
"""The commands of the group, in the order in which a person meets them."""


@click.group(
    name="dataset", cls=LazyGroup, package="goldenpath.cli.commands.dataset_commands", summaries=SUMMARIES
)
def command() -> None:
    """Give datasets a digest, and verify them."""
