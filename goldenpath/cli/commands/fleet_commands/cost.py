"""``goldenpath fleet cost``."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.repository_options import at_option, open_fleet, repository_options
from goldenpath.cli.tables import table

if TYPE_CHECKING:
    from decimal import Decimal

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
@repository_options
@at_option
@click.option(
    "--from",
    "first",
    type=_DAY,
    metavar="DAY",
    help="First day, in UTC: 2026-11-01. By default that of the last whole month, or of the month that --to ends.",
)
@click.option(
    "--to",
    "last",
    type=_DAY,
    metavar="DAY",
    help="The day after the last one. By default the first day of the month after --from.",
)
@click.option(
    "--usage",
    "usage_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="CSV of hours that were used: cluster,tenant,workload,accelerator,hours.",
)
@click.option(
    "--prometheus",
    "addresses",
    multiple=True,
    metavar="CLUSTER=URL",
    help="Read the use from the Prometheus of a cluster, at an address that this machine reaches; may be given again.",
)
@click.option("--tenant", metavar="NAME", help="Only this tenant, and its workloads.")
@click.option(
    "--basis",
    type=click.Choice(["promised", "used"]),
    default="promised",
    show_default=True,
    help="With --format csv: which hours the charges are for.",
)
@library_option
@format_option("text", "json", "csv")
@in_the_format_asked_for
def command(
    *,
    place: str,
    branch: str | None,
    at: str | None,
    first: dt.datetime | None,
    last: dt.datetime | None,
    usage_file: Path | None,
    addresses: tuple[str, ...],
    tenant: str | None,
    basis: str,
    libraries: tuple[Path, ...],
    output_format: str,
) -> None:
    """Show what tenants were promised and used, in accelerator hours and at the fleet's list prices.

    Promised is a tenant's own quota for the whole period. Used is what Kueue counted, from a file or from Prometheus. A
    workload's row is its fewest replicas and what its Pods held; the tenant's row is the rest, so rows add up. Prices of
    an hour are under `prices` of the fleet. There is no bill: CSV has the columns of FOCUS, with a billed cost of 0.
    """
    from dataclasses import replace  # noqa: PLC0415 - `--help` needs none of it

    from goldenpath.costs import cost_report, focus_csv, period_of  # noqa: PLC0415

    if first is not None and last is not None and last <= first:
        raise click.BadParameter("must be after --from", param_hint="--to")
    period = period_of(first, last, dt.datetime.now(dt.UTC))
    with open_fleet(place, branch, libraries, at=at) as fleet:
        state, summary = fleet.state(), fleet.summary()
        usage = _usage(usage_file, addresses, state, summary, period)
        report = cost_report(state, summary, period, usage)
    if tenant is not None:
        report = replace(report, rows=tuple(row for row in report.rows if row.tenant == tenant))
    if output_format == "json":
        click.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
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
                f"{given!r} names no cluster of the fleet; there are {known}", param_hint="--prometheus"
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
    for line in table(rows, numbers=range(4, 8)):
        click.echo(line)
    for title, field in (("TENANT", "tenant"), ("COST CENTRE", "cost_center")):
        click.echo()
        sums = [(title, *head), *((name, *_sums(each)) for name, each in report.by(field).items())]
        for line in table(sums, numbers=range(1, 5)):
            click.echo(line)
    for note in report.notes:
        click.echo(f"\n{note}")


def _sums(each: Sums) -> tuple[str, ...]:
    return _hours(each.promised), _hours(each.used), _money(each.promised_cost), _money(each.used_cost)


def _hours(value: Decimal | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


def _money(value: Decimal | None) -> str:
    return "-" if value is None else f"{value:,.2f}"
