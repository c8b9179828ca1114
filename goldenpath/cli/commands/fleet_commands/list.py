"""``goldenpath fleet list``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.repository_options import at_option, open_fleet, repository_options
from goldenpath.cli.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from goldenpath.fleet.fleet_summary import FleetSummary, TenantSummary
    from goldenpath.upgrades.versions_in_use import VersionInUse


@click.command(
    name="list",
    cls=ExampleCommand,
    examples=(
        "goldenpath fleet list --repo .",
        "goldenpath fleet list --repo . --owner vision-team --format json",
        "goldenpath fleet list --repo . --behind",
    ),
)
@repository_options
@at_option
@click.option("--cluster", metavar="NAME", help="Only this cluster, and its tenants.")
@click.option("--owner", metavar="GROUP", help="Only the tenants of this owner.")
@click.option(
    "--behind", is_flag=True, help="Instead, list who has an older version of a golden path than there is."
)
@library_option
@format_option("text", "json")
@in_the_format_asked_for
def command(
    *,
    place: str,
    branch: str | None,
    at: str | None,
    cluster: str | None,
    owner: str | None,
    behind: bool,
    libraries: tuple[Path, ...],
    output_format: str,
) -> None:
    """List tenants and clusters, and which accelerators are asked for and free.

    What a tenant owns is its own on each of its clusters; what it may borrow, others have left idle. With --behind, the
    list is of tenants, workloads and platforms, each with the version that it has, the newest one, and the day until
    which a deprecated one is kept.
    """
    with open_fleet(place, branch, libraries, at=at) as fleet:
        if behind:
            from goldenpath.upgrades.versions_in_use import behind_in  # noqa: PLC0415 - one option of the command

            _show_versions(behind_in(fleet, cluster=cluster, owner=owner), output_format)
            return
        summary = fleet.summary(retiring=True).only(cluster=cluster, owner=owner)
    if output_format == "json":
        click.echo(json.dumps(summary.as_dict(), indent=2, ensure_ascii=False))
    else:
        _show(summary)


def _show_versions(versions: Sequence[VersionInUse], output_format: str) -> None:
    if output_format == "json":
        document = {"format": "versions-in-use/v1", "behind": [each.as_dict() for each in versions]}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    if not versions:
        click.echo("Everything has the newest version of its golden path.")
        return
    rows: list[tuple[str, ...]] = [
        ("KIND", "NAME", "OWNER", "GOLDEN PATH", "VERSION", "NEWEST", "KEPT UNTIL")
    ]
    for each in versions:
        until = each.deprecated_until.isoformat() if each.deprecated_until else "-"
        ref = each.ref
        rows.append(
            (ref.subject, ref.path, each.owner or "-", each.golden_path, each.version, each.newest, until)
        )
    for line in table(rows):
        click.echo(line)


def _show(summary: FleetSummary) -> None:
    tenants = [("TENANT", "OWNER", "GOLDEN PATH", "CLUSTERS", "ACCELERATORS")]
    for tenant in summary.tenants:
        first, *more = _accelerators(tenant) or [""]
        tenants.append(
            (tenant.name, tenant.owner or "-", _golden_path(tenant), ", ".join(_clusters(tenant)), first)
        )
        tenants += [("", "", "", "", line) for line in more]
    capacity: list[tuple[str, ...]] = [
        ("CLUSTER", "ACCELERATOR", "THERE", "OWNED", "FREE", "MAY BE BORROWED")
    ]
    for each in summary.capacity:
        numbers = (each.there, each.owned, each.free, each.borrowable)
        capacity.append((each.cluster, each.profile, *map(str, numbers)))
    if summary.tenants:
        for line in table(tenants):
            click.echo(line)
    else:
        click.echo("No tenants.")
    if summary.capacity:
        click.echo()
        for line in table(capacity, numbers=range(2, 6)):
            click.echo(line)
    if summary.retired:
        click.echo(f"\nRetired: {', '.join(summary.retired)}")


def _golden_path(tenant: TenantSummary) -> str:
    return (tenant.golden_path or "") if tenant.is_published else "not published as it is now"


def _clusters(tenant: TenantSummary) -> Iterator[str]:
    for cluster in tenant.clusters:
        yield f"{cluster} (retiring)" if cluster in (tenant.retiring or ()) else cluster


def _accelerators(tenant: TenantSummary) -> list[str]:
    rows = []
    for cluster, shares in tenant.gpus.items():
        for profile, (quota, borrow) in shares.items():
            more = f" (+{borrow})" if borrow else ""
            rows.append(f"{quota}{more} {profile}" + (f" on {cluster}" if len(tenant.clusters) > 1 else ""))
    return rows
