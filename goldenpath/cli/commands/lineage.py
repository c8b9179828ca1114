"""``goldenpath lineage``."""

from __future__ import annotations

from goldenpath.cli.lazy_group import command_group

command = command_group(
    "lineage",
    "Trace a model back to its datasets.",
    {
        "show": "Show the datasets and code behind the models of a Pod, from their provenance.",
        "attest": "Write and sign the provenance of a finished run, as the platform's signer does.",
        "sign": "Sign the provenance of every finished run of a cluster, once.",
        "record": "Hash the inputs of a run before training, as the first step of a run does.",
    },
)
