"""``goldenpath status``."""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.cluster_options import cluster_options, connections
from goldenpath.cli.durations import SECONDS
from goldenpath.cli.echo import echo_json, echo_lines
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
    "--drift", "only_drift", is_flag=True, help="Only the differences between clusters and repository."
)
@click.option("--watch", is_flag=True, help="Repeat until Ctrl-C.")
@click.option(
    "--interval",
    type=SECONDS,
    default="10s",
    show_default=True,
    metavar="DURATION",
    help="With --watch: the time between two looks.",
)
@click.option(
    "--index-patience",
    type=SECONDS,
    default="15m",
    show_default=True,
    metavar="DURATION",
    help="If clusters read a registry: the age from which a commit counts as late on a cluster.",
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
    """Show the state of tenants and workloads: Flux, drift, quota, accelerators, queue, identities and scalers.

    NAME is a tenant with its workloads, or a workload as TENANT/WORKLOAD, and shows all details. Without NAME, a table shows
    the whole fleet repository. The command compares the repository with the clusters. Without --context, each cluster needs a
    kubeconfig context of its own name.

    If the fleet has `delivery`, the command compares the serial of each cluster's index with the commit's and the registry's.
    An index that is older than either, or a tag that moved back, is an alert.

    With --drift, the command lists only objects that differ from the repository, with the managers of each field. Without
    NAME, the list includes platforms.

    With --watch, JSON is one line for each look.

    The format `metrics` is --drift in Prometheus' text format, for a scheduled run: the number of differing objects of each
    part of the fleet, and the time. The alerts TenantDrift, PlatformDrift and PlatformDriftUnknown use it.

    Exit code 0: all is well, or the format is `metrics`. 1: a tenant or workload is not well. 2: a cluster or the repository
    cannot be read.
    """
    from goldenpath.cli.index_status_output import indexes_of  # noqa: PLC0415
    from goldenpath.cli.problem_output import show_problems  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.live import published_tenants  # noqa: PLC0415

    if output_format == "metrics" and (watch or not only_drift):
        raise click.UsageError("--format metrics needs --drift, and excludes --watch.")
    with open_fleet(place, branch, libraries, at=at) as fleet:
        found = published_tenants(fleet, name)
        clusters = _selected_clusters(found, cluster)
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


def _selected_clusters(found: PublishedTenants, cluster: str | None) -> list[str]:
    from goldenpath.errors import InputError, Problem  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.spec.nearest import nearest  # noqa: PLC0415

    if cluster is None:
        return list(found.clusters)
    if cluster not in found.clusters:
        message = f"has no tenants; the clusters with tenants are {', '.join(found.clusters) or 'none'}"
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
    """Print the status once; return whether all is well."""
    from goldenpath.cli.index_status_output import index_lines  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.live import status  # noqa: PLC0415 - `--help` needs none of it

    states = [status(name, found.expected.get(name, ()), cluster) for name, cluster in connected.items()]
    indexes = indexes_of(connected)
    if output_format == "json":
        clusters = [each.as_dict() for each in states]
        for document in clusters:
            if index := indexes.get(document["name"]):
                document["index"] = index.as_dict()
        document = {"format": "live-status/v1", "commit": found.commit, "clusters": clusters}
        echo_json(document, indent=None if watch else 2)
    else:
        if watch and sys.stdout.isatty():
            click.clear()
        echo_lines(index_lines(indexes.values()))
        _show(states, in_full=wanted is not None)
    return all(each.fine for each in states) and all(each.fine for each in indexes.values())


def _look_for_drift(
    fleet: Fleet,
    found: PublishedTenants,
    connected: dict[str, ClusterClient],
    wanted: str | None,
    output_format: str,
    *,
    watch: bool,
) -> bool:
    """Print the differences once; return whether there are none."""
    from goldenpath.cli.status_output import drift_lines  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.live import drift_metrics, fleet_drift, platform_objects  # noqa: PLC0415

    drift = fleet_drift(found, connected, platform_objects(fleet) if wanted is None else None)
    if output_format == "metrics":
        click.echo("\n".join(drift_metrics(drift, time.time())))
        return True
    if output_format == "json":
        echo_json(drift.as_dict(), indent=None if watch else 2)
    else:
        if watch and sys.stdout.isatty():
            click.clear()
        echo_lines(drift_lines(drift))
    return not drift.differences


def _show(states: list[ClusterStatus], *, in_full: bool) -> None:
    from goldenpath.cli.status_output import detail_lines, table_lines  # noqa: PLC0415 - `--help` needs none of it

    if not in_full:
        echo_lines(table_lines(states))
        return
    for cluster in states:
        for part in cluster.parts:
            echo_lines(detail_lines(part))
