"""``goldenpath artifacts``."""

from __future__ import annotations

from goldenpath.cli.lazy_group import command_group

command = command_group(
    "artifacts",
    "Deliver a fleet's folders as signed OCI artifacts.",
    {
        "push": "Push and sign the artifacts of a commit that a registry lacks.",
        "list": "Compare the artifacts of a commit with those in a registry.",
        "verify": "Verify the artifacts in a registry, more strictly than Flux does.",
        "promote": "Verify the indexes of a tag, and move another tag to them.",
        "prune": "Remove artifacts that no index in use names.",
    },
)
