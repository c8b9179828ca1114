"""``goldenpath cluster``."""

from __future__ import annotations

from goldenpath.cli.lazy_group import command_group

command = command_group(
    "cluster",
    "Inspect a cluster.",
    {
        "inspect": "Print a cluster's add-ons and accelerators as an entry for goldenpath.yaml.",
    },
)
