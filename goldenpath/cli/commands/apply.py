"""``goldenpath apply``."""

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
from goldenpath.cli.durations import SECONDS

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
@click.option("--dry-run", is_flag=True, help="Check and compare, and change nothing.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until every object is ready.")
@click.option(
    "--timeout",
    type=SECONDS,
    default="5m",
    show_default=True,
    metavar="DURATION",
    help="How long to wait, such as 90s or 10m.",
)
@click.option(
    "--force-conflicts", is_flag=True, help="Take over fields that others manage and have set otherwise."
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

    FILE is a request, or a fleet file: that applies what tenants share, and comes first. The request is checked, and
    an error among the findings ends it. Then everything is compared, and nothing is applied where a cluster would
    refuse an object or where another manager owns a field. Objects are applied server-side, in the order in which
    they need each other, guard rails before what they guard. What is no longer rendered is left alone.

    Where Flux applies a fleet repository, publish to that instead: Flux would take back what differs.

    Ends with 0 where everything is applied and ready, with 1 where it is not, and with 2 where a cluster cannot be
    asked or the input was refused.
    """
    desired = desired_of(file, fleet_file, libraries, cluster)
    if _says_errors(desired):
        ctx.exit(_NOT_FINE)
    done = _apply(
        desired,
        context=context,
        kubeconfig=kubeconfig,
        force_conflicts=force_conflicts,
        dry_run=dry_run,
        wait=timeout if wait else None,
    )
    if output_format == "json":
        click.echo(json.dumps(done.as_dict(), indent=2, ensure_ascii=False))
    else:
        _show(done, dry_run=dry_run)
    ctx.exit(0 if done.fine else _NOT_FINE)


def _says_errors(desired: DesiredObjects) -> bool:
    for finding in desired.errors:
        click.echo(str(finding), err=True)
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
        progress(total, f"Applying {desired.name}") as moved,
    ):

        class Bar(ApplyProgress):
            """Moves the bar on."""

            def compared(self, cluster: str, change: Change) -> None:
                moved(f"compared {change.object} on {cluster}")

            def applied(self, cluster: str, change: Change) -> None:
                moved(f"applied {change.object} on {cluster}")

            def ready(self, cluster: str, ref: ObjectRef, readiness: Readiness) -> None:
                del readiness
                moved(f"{ref} is ready on {cluster}")

        return apply(
            desired,
            clusters,
            force_conflicts=force_conflicts,
            dry_run=dry_run,
            wait=wait,
            listener=Bar(),
        )


def _show(done: LiveApply, *, dry_run: bool) -> None:
    from goldenpath.cli.change_output import change_set_lines  # noqa: PLC0415 - `--help` needs none of it

    for name, changes in done.clusters.items():
        for line in change_set_lines(name, changes, done=done.applied):
            click.echo(line)
        for ref, readiness in done.unready.get(name, {}).items():
            click.echo(f"  {click.style('not ready', fg='red')} {ref}: {readiness.message}")
    if dry_run or done.applied:
        return
    click.echo("Nothing was applied." if not _partly(done) else "Not everything was applied.", err=True)
    if any(changes.conflicts for changes in done.clusters.values()):
        click.echo(
            "Fields belong to others: see who they are, and take them over with --force-conflicts if that is meant.",
            err=True,
        )


def _partly(done: LiveApply) -> bool:
    from goldenpath.cluster import ObjectAction  # noqa: PLC0415 - `--help` needs none of it

    return any(changes.of(ObjectAction.SKIPPED) for changes in done.clusters.values())
