"""``goldenpath diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import (
    ExampleCommand,
    cluster_option,
    fleet_option,
    format_option,
    library_option,
)
from goldenpath.cli.cluster_options import cluster_options, connections, desired_objects
from goldenpath.cli.echo import echo_json, echo_lines

if TYPE_CHECKING:
    from pathlib import Path

_DIFFERS = 1
_FAILURE = 2


@click.command(
    name="diff",
    cls=ExampleCommand,
    examples=(
        "goldenpath diff vision.yaml --context eu-central",
        "goldenpath diff vision.yaml --cluster eu-central --context gke_prod_eu --format json",
        "goldenpath diff goldenpath.yaml --cluster eu-central --context eu-central",
    ),
)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@cluster_options
@cluster_option
@fleet_option
@library_option
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    file: str,
    context: str | None,
    kubeconfig: str | None,
    cluster: str | None,
    fleet_file: Path | None,
    libraries: tuple[Path, ...],
    output_format: str,
) -> None:
    """Compare a request, or a fleet, with the objects on its clusters.

    FILE is a request (`-` reads it from standard input), or a fleet file, which compares the objects that tenants share. A
    server-side dry run on each cluster shows the changes of an apply, field by field. Defaults of the server and fields of
    other managers are no difference. Values of Secrets are not shown. A new tenant can be compared before its namespace
    exists.

    Without --context, each cluster needs a kubeconfig context of its own name.

    Exit code 0: no difference. 1: a difference. 2: a cluster would refuse an object or cannot be reached, or the input is
    refused.
    """
    from goldenpath.cli.change_output import change_set_lines, progress  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.live import diff  # noqa: PLC0415

    desired = desired_objects(file, fleet_file, libraries, cluster)
    total = sum(map(len, desired.objects.values()))
    with (
        connections(list(desired.objects), context=context, kubeconfig=kubeconfig) as clusters,
        progress(total, "Comparing") as advance,
    ):
        found = diff(desired, clusters, done=lambda _, change: advance(str(change.object)))
    if output_format == "json":
        echo_json(found.as_dict())
    else:
        for name, changes in found.clusters.items():
            echo_lines(change_set_lines(name, changes))
    ctx.exit(_FAILURE if found.refused else _DIFFERS if found.differs else 0)
