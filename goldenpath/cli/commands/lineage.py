"""``goldenpath lineage``."""

from __future__ import annotations

from typing import Final

import click

from goldenpath.cli.lazy_group import LazyGroup

SUMMARIES: Final = {
    "show": "Show the datasets and code behind the models of a Pod, from their provenance.",
    "attest": "Write and sign the provenance of a finished run, as the platform's signer does.",
    "sign": "Sign the provenance of every finished run of a cluster, once.",
    "record": "Hash the inputs of a run before training, as the first step of a run does.",
}
"""The commands of the group, in the order in which a person meets them."""


@click.group(
    name="lineage", cls=LazyGroup, package="goldenpath.cli.commands.lineage_commands", summaries=SUMMARIES
)
def command() -> None:
    """Follow a model back to its datasets."""
