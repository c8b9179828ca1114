"""``goldenpath upgrade plan``."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.plan_output import watching
from goldenpath.cli.repository_options import at_option, open_fleet, repository_options
from goldenpath.cli.upgrade_options import (
    agreement_of,
    agreement_options,
    keep_option,
    selection_of,
    selection_options,
    to_option,
)

if TYPE_CHECKING:
    from pathlib import Path


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
@repository_options
@at_option
@to_option
@selection_options
@agreement_options
@keep_option
@library_option
@format_option("text", "json", "markdown")
@in_the_format_asked_for
def command(
    *,
    golden_path: str,
    place: str,
    branch: str | None,
    at: str | None,
    to: str | None,
    names: tuple[str, ...],
    owner: str | None,
    labels: tuple[str, ...],
    approved_by: str | None,
    reason: str | None,
    expires: dt.datetime | None,
    keep_overrides: bool,
    libraries: tuple[Path, ...],
    output_format: str,
) -> None:
    """Show what upgrading many would do, in groups that change alike; nothing is written.

    Each owner is ready, waits for an agreement about hand edits, is stopped by a conflict, or is up to date. Effects
    say what applying does: none, metadata, in place, restart, replace, loss.
    """
    from goldenpath.cli.upgrade_output import show_upgrade_plan  # noqa: PLC0415 - `--help` needs no plan
    from goldenpath.upgrades import Upgrader  # noqa: PLC0415

    with open_fleet(place, branch, libraries, at=at) as fleet, watching("Planning") as progress:
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
