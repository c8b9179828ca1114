"""``goldenpath fleet list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.echo import echo_json, echo_lines
from goldenpath.cli.repository_options import fleet_command
from goldenpath.cli.tables import table
from goldenpath.spec.ref import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from goldenpath.cli.repository_options import FleetTarget
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
@click.option("--cluster", metavar="NAME", help="Only this cluster, its tenants and its workloads.")
@click.option("--owner", metavar="GROUP", help="Only the tenants of this owner, and their workloads.")
@click.option(
    "--behind",
    is_flag=True,
    help="Instead, list tenants, workloads and platforms with an old version of their golden path.",
)
@fleet_command("text", "json")
def command(
    *, target: FleetTarget, cluster: str | None, owner: str | None, behind: bool, output_format: str
) -> None:
    """List tenants, workloads and clusters, with the accelerators that are requested and free.

    A tenant owns accelerators on each of its clusters, and may borrow idle accelerators of others. A workload uses
    accelerators of its tenant; its row shows the minimum and the maximum. With --behind, each row has the current version,
    the newest version, and the day until which a deprecated version is kept.
    """
    with target.open() as fleet:
        if behind:
            from goldenpath.upgrades.versions_in_use import behind_in  # noqa: PLC0415 - one option of the command

            _show_versions(behind_in(fleet, cluster=cluster, owner=owner), output_format)
            return
        summary = fleet.summary(retiring=True).only(cluster=cluster, owner=owner)
    if output_format == "json":
        echo_json(summary.as_dict())
    else:
        _show(summary)


def _show_versions(versions: Sequence[VersionInUse], output_format: str) -> None:
    if output_format == "json":
        document = {"format": "versions-in-use/v1", "behind": [each.as_dict() for each in versions]}
        echo_json(document)
        return
    if not versions:
        click.echo("All tenants, workloads and platforms have the newest version of their golden path.")
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
    echo_lines(table(rows))


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
        echo_lines(table(tenants))
    else:
        click.echo("No tenants.")
    if summary.workloads:
        click.echo()
        echo_lines(table(_workloads(summary)))
    if summary.capacity:
        click.echo()
        echo_lines(table(capacity, numbers=range(2, 6)))
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
    """A row for the first accelerator, and a row for each further one."""
    clusters = (f"{name} (retiring)" if name in (each.retiring or ()) else name for name in each.clusters)
    golden_path = (each.golden_path or "") if each.is_published else "unpublished changes"
    from goldenpath.fleet.fleet_summary import shown_share  # noqa: PLC0415 - `--help` needs no Git

    accelerators = [
        f"{shown_share(share, subject)} {profile}" + (f" on {cluster}" if len(each.clusters) > 1 else "")
        for cluster, of_cluster in shares.items()
        for profile, share in of_cluster.items()
    ]
    first, *more = accelerators or [""]
    yield each.name, each.owner or "-", golden_path, ", ".join(clusters), first
    yield from (("", "", "", "", line) for line in more)
