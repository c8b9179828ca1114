"""``goldenpath cluster inspect``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, format_option
from goldenpath.cli.cluster_options import cluster_options, connection
from goldenpath.cli.echo import echo_json
from goldenpath.counts import counted

if TYPE_CHECKING:
    from goldenpath.cluster import Inspection

_FOUND_ERRORS = 1


@click.command(
    name="inspect",
    cls=ExampleCommand,
    examples=(
        "goldenpath cluster inspect --context eu-central",
        "goldenpath cluster inspect --context gke_prod_eu --name eu-central > entry.yaml",
    ),
)
@cluster_options
@click.option("--name", metavar="NAME", help="The cluster's name in the fleet. Default: the context's name.")
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context, context: str | None, kubeconfig: str | None, name: str | None, output_format: str
) -> None:
    """Print a cluster's add-ons and accelerators as an entry for goldenpath.yaml.

    The entry has the version of Kubernetes, the add-ons with a running controller, and the accelerators of Nodes and
    ResourceSlices that the catalogue knows. It goes to standard output, as valid YAML. Findings go to standard error: missing
    flags of Flux, add-ons without a controller, devices of an unknown model.

    Exit code 0: done. 1: a finding is an error. 2: the cluster cannot be read.
    """
    from goldenpath import kubeyaml  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.cluster import inspect  # noqa: PLC0415
    from goldenpath.findings import Severity  # noqa: PLC0415

    with connection(context, kubeconfig) as cluster:
        found = inspect(cluster)
    if output_format == "json":
        echo_json(found.as_dict())
    else:
        _print_report(found)
        click.echo(kubeyaml.dump({"clusters": {name or context or "cluster": found.entry}}), nl=False)
    ctx.exit(_FOUND_ERRORS if any(finding.severity is Severity.ERROR for finding in found.findings) else 0)


def _print_report(found: Inspection) -> None:
    click.echo(f"Kubernetes {found.version}, {counted(found.nodes, 'node')}.", err=True)
    for addon in found.addons:
        click.echo(f"  {addon.name} {addon.version}: {addon.where}", err=True)
    for finding in found.findings:
        click.echo(str(finding), err=True)
