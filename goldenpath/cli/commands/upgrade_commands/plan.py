"""``goldenpath upgrade plan``."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.plan_output import watching
from goldenpath.cli.repository_options import fleet_command
from goldenpath.cli.upgrade_options import (
    agreement_of,
    agreement_options,
    keep_option,
    selection_of,
    selection_options,
    to_option,
)

if TYPE_CHECKING:
    from goldenpath.cli.repository_options import FleetTarget


@click.command(
    name="plan",
    cls=ExampleCommand,
    examples=(
        "goldenpath upgrade plan tenant/v1 --repo .",
        "goldenpath upgrade plan tenant/v1 --to 1.1.0 --repo . --owner vision-team --format json",
        "goldenpath upgrade plan platform/v1 --repo . --label region=eu --format markdown",
    ),
)
@click.argument("golden_path")
@to_option
@selection_options
@agreement_options
@keep_option
@fleet_command("text", "json", "markdown")
def command(
    *,
    golden_path: str,
    target: FleetTarget,
    to: str | None,
    names: tuple[str, ...],
    owner: str | None,
    labels: tuple[str, ...],
    approved_by: str | None,
    reason: str | None,
    expires: dt.datetime | None,
    keep_overrides: bool,
    output_format: str,
) -> None:
    """Show the effects of many upgrades, in groups that change alike; nothing is written.

    Each owner is ready, waits for an agreement about hand edits, is stopped by a conflict, or is up to date. Effects of
    an upgrade on objects: none, metadata, in place, restart, replace, loss.
    """
    from goldenpath.cli.upgrade_output import show_upgrade_plan  # noqa: PLC0415 - `--help` needs no plan
    from goldenpath.upgrades import Upgrader  # noqa: PLC0415

    with target.open() as fleet, watching("Planning") as progress:
        upgrader = Upgrader(
            fleet,
            golden_path,
            to=to,
            agreement=agreement_of(approved_by, reason, expires),
            keep_overrides=keep_overrides,
            today=dt.datetime.now(dt.UTC).date(),
        )
        plan = upgrader.plan(selection_of(names, owner, labels), progress=progress)
    show_upgrade_plan(plan, output_format)
