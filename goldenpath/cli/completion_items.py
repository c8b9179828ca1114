"""Completion of values in a shell. After an error there are no values, and no message."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    import click

__all__ = ["clusters", "contexts", "golden_paths", "profiles", "vendors"]


def golden_paths(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of golden paths, with their titles."""
    del param
    from goldenpath.paths import Library  # noqa: PLC0415 - only completion needs it

    with suppress(Exception):
        return [
            CompletionItem(path.name, help=path.metadata.title)
            for path in Library([Path(folder) for folder in ctx.params.get("libraries") or ()])
            if path.name.startswith(incomplete)
        ]
    return []


def clusters(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of the fleet's clusters, with their regions."""
    del param
    from goldenpath import kubeyaml  # noqa: PLC0415 - only completion needs it
    from goldenpath.cli.input_files import find_fleet  # noqa: PLC0415

    with suppress(Exception):
        given = ctx.params.get("fleet_file")
        document = kubeyaml.load_file(given or find_fleet())
        return [
            CompletionItem(name, help=str(cluster.get("region", "")))
            for name, cluster in document["clusters"].items()
            if name.startswith(incomplete)
        ]
    return []


def profiles(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of accelerators, with their titles."""
    del ctx, param
    from goldenpath.accelerators import catalogue  # noqa: PLC0415 - only completion needs it

    return [
        CompletionItem(each.id, help=each.title) for each in catalogue() if each.id.startswith(incomplete)
    ]


def vendors(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of accelerator vendors, with their titles."""
    del ctx, param
    from goldenpath.accelerators import catalogue  # noqa: PLC0415 - only completion needs it

    return [
        CompletionItem(vendor.id, help=vendor.title)
        for vendor in catalogue().vendors
        if vendor.id.startswith(incomplete)
    ]


def contexts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Contexts of the kubeconfig."""
    del param
    from goldenpath.cluster.kubeconfig import context_names  # noqa: PLC0415 - only completion needs it

    with suppress(Exception):
        known = context_names(ctx.params.get("kubeconfig"))
        return [CompletionItem(name) for name in known if name.startswith(incomplete)]
    return []
