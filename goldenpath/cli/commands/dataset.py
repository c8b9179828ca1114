"""``goldenpath dataset``."""

from __future__ import annotations

from goldenpath.cli.lazy_group import command_group

command = command_group(
    "dataset",
    "Give datasets a digest, and verify them.",
    {
        "hash": "Hash a folder: write a manifest of its files, and one digest for all of them.",
        "verify": "Compare a folder with a manifest, a digest or a Croissant document.",
    },
)
