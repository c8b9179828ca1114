"""``goldenpath apply``."""

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
from goldenpath.cli.durations import SECONDS
from goldenpath.cli.echo import echo_json, echo_lines

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.cluster import Change, ObjectRef, Readiness
    from goldenpath.live import DesiredObjects, LiveApply

_NOT_FINE = 1


@click.command(
    name="apply",
    cls=ExampleCommand,
    examples=(
        "goldenpath apply vision.yaml --context eu-central",
        "goldenpath apply vision.yaml --context eu-central --dry-run",
        "goldenpath apply goldenpath.yaml --cluster eu-central --context eu-central --timeout 10m",
    ),
)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@cluster_options
@cluster_option
@click.option("--dry-run", is_flag=True, help="Check and compare, but change nothing.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until every object is ready.")
@click.option(
    "--timeout",
    type=SECONDS,
    default="5m",
    show_default=True,
    metavar="DURATION",
    help="The longest wait, such as 90s or 10m.",
)
@click.option(
    "--force-conflicts", is_flag=True, help="Take over fields that other managers have set to another value."
)
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
    dry_run: bool,
    wait: bool,
    timeout: float,
    force_conflicts: bool,
    fleet_file: Path | None,
    libraries: tuple[Path, ...],
    output_format: str,
) -> None:
    """Apply a request, or a fleet, to its clusters, without GitOps.

    FILE is a request, or a fleet file, which applies the objects that tenants share; apply the fleet file first. The command
    checks the request, and stops at a finding that is an error. Then it compares all objects with the clusters. It applies
    nothing if a cluster would refuse an object, or if another manager owns a field. It applies objects server-side in the
    order of their dependencies, policies before the objects that they restrict. Objects that are no longer rendered stay on
    the cluster.

    If Flux applies a fleet repository, publish to the repository instead, because Flux reverts other changes.

    Exit code 0: everything is applied and ready. 1: something is not. 2: a cluster cannot be reached, or the input is
    refused.
    """
    desired = desired_objects(file, fleet_file, libraries, cluster)
    if _has_errors(desired):
        ctx.exit(_NOT_FINE)
    result = _apply(
        desired,
        context=context,
        kubeconfig=kubeconfig,
        force_conflicts=force_conflicts,
        dry_run=dry_run,
        wait=timeout if wait else None,
    )
    if output_format == "json":
        echo_json(result.as_dict())
    else:
        _show(result, dry_run=dry_run)
    ctx.exit(0 if result.fine else _NOT_FINE)


def _has_errors(desired: DesiredObjects) -> bool:
    echo_lines(map(str, desired.errors), err=True)
    if desired.errors:
        click.echo(f"Nothing is applied: {len(desired.errors)} findings are errors.", err=True)
    return bool(desired.errors)


def _apply(
    desired: DesiredObjects,
    *,
    context: str | None,
    kubeconfig: str | None,
    force_conflicts: bool,
    dry_run: bool,
    wait: float | None,
) -> LiveApply:
    from goldenpath.cli.change_output import progress  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.live import ApplyProgress, apply  # noqa: PLC0415

    rounds = 1 + (not dry_run) + (not dry_run and wait is not None)
    total = rounds * sum(map(len, desired.objects.values()))
    with (
        connections(list(desired.objects), context=context, kubeconfig=kubeconfig) as clusters,
        progress(total, f"Applying {desired.name}") as advance,
    ):

        class Bar(ApplyProgress):
            def compared(self, cluster: str, change: Change) -> None:
                advance(f"compared {change.object} on {cluster}")

            def applied(self, cluster: str, change: Change) -> None:
                advance(f"applied {change.object} on {cluster}")

            def ready(self, cluster: str, ref: ObjectRef, readiness: Readiness) -> None:
                del readiness
                advance(f"{ref} is ready on {cluster}")

        return apply(
            desired,
            clusters,
            force_conflicts=force_conflicts,
            dry_run=dry_run,
            wait=wait,
            listener=Bar(),
        )


def _show(result: LiveApply, *, dry_run: bool) -> None:
    from goldenpath.cli.change_output import change_set_lines  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.cluster import ObjectAction  # noqa: PLC0415

    for name, changes in result.clusters.items():
        echo_lines(change_set_lines(name, changes, done=result.applied))
        for ref, readiness in result.unready.get(name, {}).items():
            click.echo(f"  {click.style('not ready', fg='red')} {ref}: {readiness.message}")
    if dry_run or result.applied:
        return
    is_partial = any(changes.of(ObjectAction.SKIPPED) for changes in result.clusters.values())
    click.echo("Not everything was applied." if is_partial else "Nothing was applied.", err=True)
    if any(changes.conflicts for changes in result.clusters.values()):
        click.echo(
            "Other managers own fields, as listed above. To take the fields over, use --force-conflicts.",
            err=True,
        )
