"""``goldenpath artifacts``."""

from __future__ import annotations

from typing import Final

import click

from goldenpath.cli.lazy_group import LazyGroup

SUMMARIES: Final = {
    "push": "Push the artifacts of a commit that a registry lacks, and sign them.",
    "list": "Compare the artifacts of a commit with those in a registry.",
    "verify": "Verify the artifacts in a registry, more strictly than Flux does.",
    "promote": "Verify what a tag stands for, and move another tag to it.",
    "prune": "Remove artifacts that no index in use names.",
}
"""The commands of the group, in the order in which a person meets them."""


@click.group(
    name="artifacts", cls=LazyGroup, package="goldenpath.cli.commands.artifacts_commands", summaries=SUMMARIES
)
def command() -> None:
    """Deliver a fleet's folders as signed OCI artifacts."""
