"""``goldenpath model``."""

from __future__ import annotations

from typing import Final

import click

from goldenpath.cli.lazy_group import LazyGroup

SUMMARIES: Final = {
    "pack": "Judge a model's folder, and bring it to a registry as an image that nodes mount.",
    "sign": "Sign a model: its folder by OpenSSF Model Signing, or its image as cosign does.",
    "verify": "Verify the signature of a model's folder, or of its image.",
    "inspect": "Show the files of a model's folder or image, and its metadata.",
}
"""The commands of the group, in the order in which a person meets them."""


@click.group(
    name="model", cls=LazyGroup, package="goldenpath.cli.commands.model_commands", summaries=SUMMARIES
)
def command() -> None:
    """Pack models as images that nodes mount, sign them, and verify them."""
