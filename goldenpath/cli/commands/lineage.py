"""``goldenpath lineage``."""

from __future__ import annotations

from typing import Final

import click

from goldenpath.cli.lazy_group import LazyGroup

SUMMARIES: Final = {
    "show": "Show what the models of a Pod were made from, by their provenance.",
    "attest": "Write and sign the provenance of a finished run: what the platform's signer does.",
    "sign": "Sign the provenance of every finished run of a cluster, once.",
    "record": "Hash the inputs of a run before training: what the first step of a run does.",
}
"""The commands of the group, in the order in which a person meets them."""


@click.group(
    name="lineage", cls=LazyGroup, package="goldenpath.cli.commands.lineage_commands", summaries=SUMMARIES
)
def command() -> None:
    """Follow a model back to its datasets."""
