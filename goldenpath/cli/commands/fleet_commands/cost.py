"""``goldenpath fleet cost``."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import click

from goldenpath.cli.base_command import ExampleCommand, file_option, repeatable_option
from goldenpath.cli.echo import echo_json, echo_lines
from goldenpath.cli.repository_options import fleet_command
from goldenpath.cli.tables import table

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from goldenpath.cli.repository_options import FleetTarget
    from goldenpath.costs import CostReport, Period, Usage
    from goldenpath.costs.cost_report import Sums
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.fleet.fleet_summary import FleetSummary

_DAY: Final = click.DateTime(formats=["%Y-%m-%d"])


@click.command(
    name="cost",
    cls=ExampleCommand,
    examples=(
        "goldenpath fleet cost --repo .",
        "goldenpath fleet cost --repo . --from 2026-11-01 --to 2026-12-01",
        "goldenpath fleet cost --repo . --from 2026-11-01 --to 2026-12-01 --usage november.csv --format csv",
        "goldenpath fleet cost --repo . --from 2026-11-01 --to 2026-12-01 --prometheus berlin=http://localhost:9090",
    ),
)
@click.option(
    "--from",
    "first",
    type=_DAY,
    metavar="DAY",
    help="First day, in UTC, such as 2026-11-01. Default: the first day of the month before --to, or of the last whole month.",
)
@click.option(
    "--to",
    "last",
    type=_DAY,
    metavar="DAY",
    help="The day after the last day. Default: the first day of the month after --from.",
)
@file_option(
    "--usage", "usage_file", exists=True, help="CSV of used hours: cluster,tenant,workload,accelerator,hours."
)
@repeatable_option(
    "--prometheus",
    "addresses",
    metavar="CLUSTER=URL",
    help="Read the used hours from the Prometheus of a cluster, at a URL that this machine reaches",
)
@click.option("--tenant", metavar="NAME", help="Only this tenant and its workloads.")
@click.option(
    "--basis",
    type=click.Choice(["promised", "used"]),
    default="promised",
    show_default=True,
    help="With --format csv: the hours that are charged.",
)
@fleet_command("text", "json", "csv")
def command(
    *,
    target: FleetTarget,
    first: dt.datetime | None,
    last: dt.datetime | None,
    usage_file: Path | None,
    addresses: tuple[str, ...],
    tenant: str | None,
    basis: str,
    output_format: str,
) -> None:
    """Show the accelerator hours that tenants were promised and used, at the fleet's list prices.

    Promised hours are a tenant's own quota for the whole period. Used hours are Kueue's counts, from a file or from
    Prometheus. A workload's row has its minimum of replicas and the accelerators of its Pods. The tenant's row has the
    rest, so rows add up. Prices of an hour are under `prices` of the fleet. There is no bill: CSV has the columns of FOCUS,
    with a billed cost of 0.
    """
    from dataclasses import replace  # noqa: PLC0415 - `--help` needs none of it

    from goldenpath.costs import cost_report, focus_csv, period_of  # noqa: PLC0415

    if first is not None and last is not None and last <= first:
        raise click.BadParameter("must be after --from", param_hint="--to")
    period = period_of(first, last, dt.datetime.now(dt.UTC))
    with target.open() as fleet:
        state, summary = fleet.state(), fleet.summary()
        usage = _usage(usage_file, addresses, state, summary, period)
        report = cost_report(state, summary, period, usage)
    if tenant is not None:
        report = replace(report, rows=tuple(row for row in report.rows if row.tenant == tenant))
    if output_format == "json":
        echo_json(report.as_dict())
    elif output_format == "csv":
        click.echo(focus_csv(report, "used" if basis == "used" else "promised"), nl=False)
    else:
        _show(report)


def _usage(
    file: Path | None, addresses: tuple[str, ...], state: FleetState, summary: FleetSummary, period: Period
) -> tuple[Usage, ...] | None:
    from goldenpath.costs import read_usage, usage_of_prometheus  # noqa: PLC0415

    if file is None and not addresses:
        return None
    found: tuple[Usage, ...] = ()
    if file is not None:
        found += read_usage(file.read_text(encoding="utf-8"), str(file))
    platforms = state.context.pipeline.platforms
    for given in addresses:
        cluster, _, address = given.partition("=")
        if cluster not in platforms:
            known = ", ".join(platforms)
            raise click.BadParameter(
                f"{given!r} names no cluster of the fleet; the clusters are {known}",
                param_hint="--prometheus",
            )
        uses = {each.name: each.uses.get(cluster, {}) for each in summary.workloads}
        found += usage_of_prometheus(platforms[cluster], address, period, uses)
    return found


def _show(report: CostReport) -> None:
    days = f"{report.period.start:%Y-%m-%d} to {report.period.end:%Y-%m-%d}"
    money = f"costs in {report.currency}" if report.currency else "the fleet has no `prices`"
    click.echo(f"{report.organisation}, {days}, {_hours(report.period.hours)} hours; {money}")
    head = ("PROMISED H", "USED H", "PROMISED COST", "USED COST")
    rows: list[tuple[str, ...]] = [("TENANT", "WORKLOAD", "CLUSTER", "ACCELERATOR", *head)]
    rows += (
        (
            row.tenant,
            row.workload or "(rest)",
            row.cluster,
            row.accelerator,
            _hours(row.promised),
            _hours(row.used),
            _money(row.promised_cost),
            _money(row.used_cost),
        )
        for row in sorted(
            report.rows, key=lambda row: (row.tenant, row.cluster, row.accelerator, row.workload)
        )
    )
    echo_lines(table(rows, numbers=range(4, 8)))
    for title, field in (("TENANT", "tenant"), ("COST CENTRE", "cost_center")):
        click.echo()
        sums = [(title, *head), *((name, *_sums(each)) for name, each in report.by(field).items())]
        echo_lines(table(sums, numbers=range(1, 5)))
    for note in report.notes:
        click.echo(f"\n{note}")


def _sums(each: Sums) -> tuple[str, ...]:
    return _hours(each.promised), _hours(each.used), _money(each.promised_cost), _money(each.used_cost)


def _hours(value: Decimal | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


def _money(value: Decimal | None) -> str:
    return "-" if value is None else f"{value:,.2f}"
