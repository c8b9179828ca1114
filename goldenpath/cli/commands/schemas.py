"""``goldenpath schemas``."""

from __future__ import annotations

from goldenpath.cli.lazy_group import command_group

command = command_group(
    "schemas",
    "Import schemas of kinds that goldenpath does not ship.",
    {
        "import": "Import the kinds of a cluster or a folder as strict schemas for `check`.",
    },
)
