"""``goldenpath diff``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import (
    ExampleCommand,
    cluster_option,
    fleet_option,
    format_option,
    library_option,
)
from goldenpath.cli.cluster_options import cluster_options, connections, desired_of

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
    """Compare a request, or a fleet, with what its clusters have.

    FILE is a request (`-` reads it from standard input), or a fleet file: that compares what tenants share. Each
    cluster is asked what an apply would change, in a dry run, field by field. What a server fills in by default and
    what others manage is no difference; values of Secrets are not shown. A new tenant can be compared although its
    namespace is not there yet.

    Without --context, each cluster needs a kubeconfig context of its own name.

    Ends with 0 where there is no difference, with 1 where there is one, and with 2 where a cluster would refuse an
    object, cannot be asked, or the input was refused.
    """
    from goldenpath.cli.change_output import change_set_lines, progress  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.live import diff  # noqa: PLC0415

    desired = desired_of(file, fleet_file, libraries, cluster)
    total = sum(map(len, desired.objects.values()))
    with (
        connections(list(desired.objects), context=context, kubeconfig=kubeconfig) as clusters,
        progress(total, "Comparing") as moved,
    ):
        found = diff(desired, clusters, done=lambda _, change: moved(str(change.object)))
    if output_format == "json":
        click.echo(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
    else:
        for name, changes in found.clusters.items():
            for line in change_set_lines(name, changes):
                click.echo(line)
    ctx.exit(_FAILURE if found.refused else _DIFFERS if found.differs else 0)
