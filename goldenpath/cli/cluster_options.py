"""The options of commands on live clusters, the connections to them, and the objects of a request on each."""

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

__all__ = ["cluster_options", "connection", "connections", "desired_objects"]


cluster_options = together(
    click.option(
        "--context",
        metavar="NAME",
        shell_complete=completion_items.contexts,
        help="Context of the kubeconfig. Default: the context with the cluster's name.",
    ),
    click.option(
        "--kubeconfig",
        envvar="KUBECONFIG",
        metavar="FILE",
        help="The kubeconfig, or several as in KUBECONFIG. Default: ~/.kube/config.",
    ),
)
"""``--context`` and ``--kubeconfig``."""


@contextlib.contextmanager
def connections(
    clusters: Sequence[str], *, context: str | None, kubeconfig: str | None
) -> Iterator[dict[str, ClusterClient]]:
    """Connect to each of these clusters of the fleet.

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
    """Connect to the cluster of a context, or of the current context.

    Raises:
        InputError: the context does not exist.
        ClusterError: the context cannot be used, or the client is not installed.
    """
    from goldenpath.cluster import connect  # noqa: PLC0415 - `--help` needs none of it

    with connect(context, kubeconfig) as connected:
        yield connected


def desired_objects(
    file: str, fleet_file: Path | None, libraries: tuple[Path, ...], cluster: str | None
) -> DesiredObjects:
    """The objects that a request, or a fleet file, needs on its clusters or on one cluster.

    Raises:
        InputError: the file is refused, or does not name the cluster.
    """
    from goldenpath.cli.accepted_input import accept_input  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.live import DesiredObjects  # noqa: PLC0415

    accepted = accept_input(file, fleet_file, libraries)
    today = None if accepted.is_fleet else dt.datetime.now(tz=dt.UTC).astimezone().date()
    return DesiredObjects.of(
        accepted.pipeline, accepted.spec, cluster=cluster, today=today, parent=accepted.parent
    )
