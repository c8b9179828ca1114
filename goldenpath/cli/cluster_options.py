"""Shared by the commands on live clusters: contexts, connections, and the objects of a request on each."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING

import click

from goldenpath.cli import completion_items
from goldenpath.cli.base_command import together

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from goldenpath.cluster import ClusterClient
    from goldenpath.live import DesiredObjects

__all__ = ["cluster_options", "connection", "connections", "desired_of"]


cluster_options = together(
    click.option(
        "--context",
        metavar="NAME",
        shell_complete=completion_items.contexts,
        help="Context of the kubeconfig; without it, the one that has the cluster's name.",
    ),
    click.option(
        "--kubeconfig",
        envvar="KUBECONFIG",
        metavar="FILE",
        help="The kubeconfig, or several as in KUBECONFIG; ~/.kube/config otherwise.",
    ),
)
"""``--context`` and ``--kubeconfig``."""


@contextlib.contextmanager
def connections(
    clusters: Sequence[str], *, context: str | None, kubeconfig: str | None
) -> Iterator[dict[str, ClusterClient]]:
    """A connection to each cluster of the fleet that is named.

    Raises:
        InputError: a cluster has no context.
        ClusterError: a context cannot be used, or the client is not installed.

    """
    from goldenpath.cluster import connect, context_names  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.live import contexts_for  # noqa: PLC0415

    contexts = contexts_for(clusters, context_names(kubeconfig), context=context)
    with contextlib.ExitStack() as open_ones:
        yield {
            cluster: open_ones.enter_context(connect(name, kubeconfig)) for cluster, name in contexts.items()
        }


@contextlib.contextmanager
def connection(context: str | None, kubeconfig: str | None) -> Iterator[ClusterClient]:
    """A connection to the one cluster of a context, or of the current one where none is named.

    Raises:
        InputError: there is no such context.
        ClusterError: it cannot be used, or the client is not installed.

    """
    from goldenpath.cluster import connect  # noqa: PLC0415 - `--help` needs none of it

    with connect(context, kubeconfig) as connected:
        yield connected


def desired_of(
    file: str, fleet_file: Path | None, libraries: tuple[Path, ...], cluster: str | None
) -> DesiredObjects:
    """What a request, or a fleet file, wants on its clusters or on one.

    Raises:
        InputError: the file is refused, or does not name the cluster.

    """
    from goldenpath.cli.input_files import DocumentKind, find_fleet, kind_of, read_source  # noqa: PLC0415
    from goldenpath.library_sources import library_for  # noqa: PLC0415
    from goldenpath.live import DesiredObjects  # noqa: PLC0415
    from goldenpath.paths import Library  # noqa: PLC0415
    from goldenpath.pipeline import Pipeline, load_fleet, parent_of, parse  # noqa: PLC0415
    from goldenpath.spec.parse import parse_fleet  # noqa: PLC0415
    from goldenpath.tenant_requests import tenants_beside  # noqa: PLC0415

    source = read_source(file)
    document, library = source.only(), Library(libraries)
    if kind_of(document) is DocumentKind.FLEET:
        spec = parse_fleet(document, file=source.name)
        pipeline = Pipeline(spec, library=library_for(spec, library))
        return DesiredObjects.of(pipeline, pipeline.fleet, cluster=cluster)
    if fleet_file is None:
        fleet_file = find_fleet()
        click.echo(f"Fleet: {fleet_file}", err=True)
    fleet = load_fleet(fleet_file)
    library = library_for(fleet, library)
    tenants = tenants_beside(fleet_file, fleet, library)
    request = parse(document, fleet=fleet, library=library, tenants=tenants, file=source.name)
    today = dt.datetime.now(tz=dt.UTC).astimezone().date()
    return DesiredObjects.of(
        Pipeline(fleet, library=library),
        request,
        cluster=cluster,
        today=today,
        parent=parent_of(request, tenants),
    )
