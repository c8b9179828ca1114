"""``goldenpath fleet``."""

from __future__ import annotations

from goldenpath.cli.lazy_group import command_group

command = command_group(
    "fleet",
    "Start a fleet repository, list its tenants and workloads, and check all of it.",
    {
        "init": "Create a fleet repository with its first commit.",
        "list": "List tenants and clusters, with the accelerators that are requested and free.",
        "show": "Show the request of a tenant or workload, its version, files and last commits.",
        "cost": "Show the accelerator hours that tenants were promised and used, at list prices.",
        "query": "Find the requests, or the rendered objects, for which an expression is true.",
        "edit": "Change a field in many requests at once, as one change set.",
        "waves": "Follow a change set that `goldenpath fleet edit --waves` started.",
        "undo": "Undo a change set: restore its earlier values, and keep later changes of other people.",
        "changes": "List the change sets: open ones first, then the newest.",
        "validate": "Check everything in the repository at once, as CI does.",
    },
)
