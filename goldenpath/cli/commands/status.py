"""``goldenpath status``."""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.cluster_options import cluster_options, connections
from goldenpath.cli.durations import SECONDS
from goldenpath.cli.repeated_looks import until_interrupted
from goldenpath.cli.repository_options import at_option, open_fleet, repository_options

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from goldenpath.artifacts.index_freshness import IndexStatus
    from goldenpath.cluster import ClusterClient
    from goldenpath.fleet import Fleet
    from goldenpath.live import ClusterStatus, PublishedTenants

_NOT_FINE = 1


@click.command(
    name="status",
    cls=ExampleCommand,
    examples=(
        "goldenpath status --repo . --cluster eu-central --context eu-central",
        "goldenpath status vision --repo https://git.example.org/platform/fleet.git",
        "goldenpath status vision/chat --repo .",
        "goldenpath status vision --repo . --format json",
        "goldenpath status --repo . --drift",
        "goldenpath status --repo . --drift --format metrics > /var/lib/node_exporter/goldenpath.prom",
        "goldenpath status --repo . --watch",
    ),
)
@click.argument("name", required=False, metavar="[NAME]")
@repository_options
@at_option
@cluster_options
@click.option("--cluster", metavar="NAME", help="Only this cluster.")
@click.option(
    "--drift", "only_drift", is_flag=True, help="Only what differs between clusters and repository."
)
@click.option("--watch", is_flag=True, help="Look again and again, until Ctrl-C.")
@click.option(
    "--interval",
    type=SECONDS,
    default="10s",
    show_default=True,
    metavar="DURATION",
    help="With --watch: how often.",
)
@click.option(
    "--index-patience",
    type=SECONDS,
    default="15m",
    show_default=True,
    metavar="DURATION",
    help="Where clusters read a registry: how old a commit may be that a cluster has not applied.",
)
@library_option
@format_option("text", "json", "metrics")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    name: str | None,
    place: str,
    branch: str | None,
    at: str | None,
    context: str | None,
    kubeconfig: str | None,
    cluster: str | None,
    only_drift: bool,
    watch: bool,
    interval: float,
    index_patience: float,
    libraries: tuple[Path, ...],
    output_format: str,
) -> None:
    """Show how tenants and workloads are: Flux, drift, quota, accelerators, queue, identities and scalers.

    NAME is a tenant, which is shown with its workloads, or a workload as TENANT/WORKLOAD; either is shown in full.
    Without it, everything in the fleet repository is a table. For each, what the repository has is
    held against what is on its clusters. Without --context, each cluster needs a kubeconfig context of its own name.

    Where the fleet has `delivery`, the serial of each cluster's index is compared with those of the commit and of the
    registry. An index that is older than either, or a tag that was moved back, is an alert.

    With --drift, only the objects that are on a cluster in another way than the repository has them are listed, with the
    managers of each field; of the whole fleet, those of platforms too.

    With --watch, JSON is one line for each look.

    The format `metrics` is Prometheus' text format of --drift, for a schedule: each part of the fleet with the number of its
    objects that differ, and the time of the look. The alerts TenantDrift, PlatformDrift and PlatformDriftUnknown read it.

    Ends with 0 where all is well or the format is `metrics`, with 1 where a tenant or workload is not, and with 2 where a cluster or the repository cannot be
    read.
    """
    from goldenpath.cli.index_status_output import indexes_of  # noqa: PLC0415
    from goldenpath.cli.problem_output import show_problems  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.live import published_tenants  # noqa: PLC0415

    if output_format == "metrics" and (watch or not only_drift):
        raise click.UsageError("--format metrics needs --drift, and excludes --watch.")
    with open_fleet(place, branch, libraries, at=at) as fleet:
        found = published_tenants(fleet, name)
        clusters = _only(found, cluster)
        show_problems(found.problems)
        with connections(clusters, context=context, kubeconfig=kubeconfig) as connected:
            look = (
                partial(_look_for_drift, fleet)
                if only_drift
                else partial(_look, indexes_of=partial(indexes_of, fleet, patience=index_patience))
            )
            fine = look(found, connected, name, output_format, watch=watch)
            if watch:
                for _ in until_interrupted(interval):
                    look(published_tenants(fleet, name), connected, name, output_format, watch=True)
    ctx.exit(0 if fine and not found.problems else _NOT_FINE)


def _only(found: PublishedTenants, cluster: str | None) -> list[str]:
    from goldenpath.errors import InputError, Problem  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.spec.nearest import nearest  # noqa: PLC0415

    if cluster is None:
        return list(found.clusters)
    if cluster not in found.clusters:
        message = f"the tenants are on {', '.join(found.clusters) or 'no cluster'}"
        near = nearest(cluster, found.clusters)
        raise InputError([Problem("--cluster", "unknown-cluster", message, cluster, near)])
    return [cluster]


def _look(
    found: PublishedTenants,
    connected: dict[str, ClusterClient],
    wanted: str | None,
    output_format: str,
    *,
    watch: bool,
    indexes_of: Callable[[dict[str, ClusterClient]], dict[str, IndexStatus]],
) -> bool:
    """Look once and show it; whether all is well."""
    from goldenpath.cli.index_status_output import index_lines  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.live import status  # noqa: PLC0415 - `--help` needs none of it

    seen = [status(name, found.expected.get(name, ()), cluster) for name, cluster in connected.items()]
    indexes = indexes_of(connected)
    if output_format == "json":
        clusters = [each.as_dict() for each in seen]
        for document in clusters:
            if index := indexes.get(document["name"]):
                document["index"] = index.as_dict()
        document = {"format": "live-status/v1", "commit": found.commit, "clusters": clusters}
        click.echo(json.dumps(document, indent=None if watch else 2, ensure_ascii=False))
    else:
        if watch and sys.stdout.isatty():
            click.clear()
        for line in index_lines(indexes.values()):
            click.echo(line)
        _show(seen, in_full=wanted is not None)
    return all(each.fine for each in seen) and all(each.fine for each in indexes.values())


def _look_for_drift(
    fleet: Fleet,
    found: PublishedTenants,
    connected: dict[str, ClusterClient],
    wanted: str | None,
    output_format: str,
    *,
    watch: bool,
) -> bool:
    """Look once for what differs and show it; whether nothing does."""
    from goldenpath.cli.status_output import drift_lines  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.live import drift_metrics, fleet_drift, platform_objects  # noqa: PLC0415

    drift = fleet_drift(found, connected, platform_objects(fleet) if wanted is None else None)
    if output_format == "metrics":
        click.echo("\n".join(drift_metrics(drift, time.time())))
        return True
    if output_format == "json":
        click.echo(json.dumps(drift.as_dict(), indent=None if watch else 2, ensure_ascii=False))
    else:
        if watch and sys.stdout.isatty():
            click.clear()
        for line in drift_lines(drift):
            click.echo(line)
    return not drift.differences


def _show(seen: list[ClusterStatus], *, in_full: bool) -> None:
    from goldenpath.cli.status_output import detail_lines, table_lines  # noqa: PLC0415 - `--help` needs none of it

    if not in_full:
        for line in table_lines(seen):
            click.echo(line)
        return
    for cluster in seen:
        for part in cluster.parts:
            for line in detail_lines(part):
                click.echo(line)
