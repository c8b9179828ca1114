"""``goldenpath fleet list``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.repository_options import at_option, open_fleet, repository_options
from goldenpath.cli.tables import table
from goldenpath.spec.ref import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from goldenpath.fleet.fleet_summary import FleetSummary, TenantSummary, WorkloadSummary
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
@click.option("--cluster", metavar="NAME", help="Only this cluster, its tenants and its workloads.")
@click.option("--owner", metavar="GROUP", help="Only the tenants of this owner, and their workloads.")
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
    """List tenants, workloads and clusters, and which accelerators are asked for and free.

    What a tenant owns is its own on each of its clusters; what it may borrow, others have left idle. A workload uses
    accelerators of its tenant: at least and at most as many as are shown. With --behind, the list is of tenants,
    workloads and platforms, each with the version that it has, the newest one, and the day until which a deprecated one
    is kept.
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
        tenants += _rows(tenant, tenant.gpus, Subject.TENANT)
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
    if summary.workloads:
        click.echo()
        for line in table(_workloads(summary)):
            click.echo(line)
    if summary.capacity:
        click.echo()
        for line in table(capacity, numbers=range(2, 6)):
            click.echo(line)
    if summary.retired:
        click.echo(f"\nRetired: {', '.join(summary.retired)}")


def _workloads(summary: FleetSummary) -> list[tuple[str, str, str, str, str]]:
    rows = [("WORKLOAD", "OWNER", "GOLDEN PATH", "CLUSTERS", "ACCELERATORS")]
    for workload in summary.workloads:
        rows += _rows(workload, workload.uses, Subject.WORKLOAD)
    return rows


def _rows(
    each: TenantSummary | WorkloadSummary,
    shares: Mapping[str, Mapping[str, tuple[int, int]]],
    subject: Subject,
) -> Iterator[tuple[str, str, str, str, str]]:
    """A line, and one more for each further accelerator."""
    clusters = (f"{name} (retiring)" if name in (each.retiring or ()) else name for name in each.clusters)
    golden_path = (each.golden_path or "") if each.is_published else "not published as it is now"
    from goldenpath.fleet.fleet_summary import shown_share  # noqa: PLC0415 - `--help` needs no Git

    accelerators = [
        f"{shown_share(share, subject)} {profile}" + (f" on {cluster}" if len(each.clusters) > 1 else "")
        for cluster, of_cluster in shares.items()
        for profile, share in of_cluster.items()
    ]
    first, *more = accelerators or [""]
    yield each.name, each.owner or "-", golden_path, ", ".join(clusters), first
    yield from (("", "", "", "", line) for line in more)
