"""``goldenpath fleet list``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from goldenpath.cli.command import ExampleCommand, format_option, library_option
from goldenpath.cli.repository import at_option, open_fleet, repository_options

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.fleet.listing import FleetSummary, TenantSummary


@click.command(
    name="list",
    cls=ExampleCommand,
    examples=(
        "goldenpath fleet list --repo .",
        "goldenpath fleet list --repo . --owner vision-team --format json",
    ),
)
@repository_options
@at_option
@click.option("--cluster", metavar="NAME", help="Only this cluster, and its tenants.")
@click.option("--owner", metavar="GROUP", help="Only the tenants of this owner.")
@library_option
@format_option("text", "json")
def command(
    *,
    place: str,
    branch: str | None,
    at: str | None,
    cluster: str | None,
    owner: str | None,
    libraries: tuple[Path, ...],
    output_format: str,
) -> None:
    """List tenants and clusters, and which accelerators are asked for and free.

    What a tenant owns is its own on each of its clusters; what it may borrow, others have left idle.
    """
    with open_fleet(place, branch, libraries, at=at) as fleet:
        summary = fleet.summary().only(cluster=cluster, owner=owner)
    if output_format == "json":
        click.echo(json.dumps(summary.as_dict(), indent=2, ensure_ascii=False))
    else:
        _show(summary)


def _show(summary: FleetSummary) -> None:
    from rich.console import Console  # noqa: PLC0415 - only a person needs tables
    from rich.table import Table  # noqa: PLC0415

    console = Console()
    tenants = Table("TENANT", "OWNER", "GOLDEN PATH", "CLUSTERS", "ACCELERATORS", box=None, pad_edge=False)
    for tenant in summary.tenants:
        tenants.add_row(
            tenant.name,
            tenant.owner or "",
            (tenant.golden_path or "")
            if tenant.is_published
            else f"{tenant.golden_path or 'none'}, not published as it is now",
            ", ".join(tenant.clusters),
            _accelerators(tenant),
        )
    capacity = Table(
        "CLUSTER", "ACCELERATOR", "THERE", "OWNED", "FREE", "MAY BE BORROWED", box=None, pad_edge=False
    )
    for each in summary.capacity:
        capacity.add_row(
            each.cluster, each.profile, *map(str, (each.there, each.owned, each.free, each.borrowable))
        )
    console.print(tenants, markup=False)
    if summary.capacity:
        console.print()
        console.print(capacity, markup=False)
    if summary.retired:
        console.print(f"\nRetired: {', '.join(summary.retired)}", markup=False)


def _accelerators(tenant: TenantSummary) -> str:
    rows = []
    for cluster, shares in tenant.gpus.items():
        for profile, (quota, borrow) in shares.items():
            more = f" (+{borrow})" if borrow else ""
            rows.append(f"{quota}{more} {profile}" + (f" on {cluster}" if len(tenant.clusters) > 1 else ""))
    return "\n".join(rows)
