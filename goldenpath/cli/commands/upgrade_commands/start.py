"""``goldenpath upgrade start``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import ExampleCommand, file_option
from goldenpath.cli.error_output import report_refusals
from goldenpath.cli.upgrade_options import (
    agreement_of,
    agreement_options,
    keep_option,
    selection_of,
    selection_options,
    to_option,
)
from goldenpath.cli.wave_options import open_upgrade_waves, show_progress, wave_options

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path


@click.command(
    name="start",
    cls=ExampleCommand,
    examples=(
        "goldenpath upgrade start tenant/v1 --to 1.1.0 --waves waves.yaml --repo .",
        "goldenpath upgrade start tenant/v1 --waves waves.yaml --pull-request --repo https://git.example.org/platform/fleet.git",
    ),
)
@click.argument("golden_path")
@file_option(
    "--waves",
    "waves_file",
    required=True,
    exists=True,
    help="The waves file: the members of each wave, and the gates between waves.",
)
@click.option("--pull-request", is_flag=True, help="Open a pull request for each owner of a wave.")
@selection_options
@agreement_options
@keep_option
@to_option
@wave_options
@report_refusals
def command(
    *,
    golden_path: str,
    to: str | None,
    waves_file: Path,
    pull_request: bool,
    names: tuple[str, ...],
    owner: str | None,
    labels: tuple[str, ...],
    approved_by: str | None,
    reason: str | None,
    expires: dt.datetime | None,
    keep_overrides: bool,
    output_format: str,
    **options: Any,
) -> None:
    """Start an upgrade in waves, up to the first gate.

    The branch records the waves and their members in `upgrades/`. Without --approved-by, --reason and --expires, tenants
    with hand edits wait for their owner, and stop no other tenant. `goldenpath upgrade resume` continues the upgrade.
    """
    from goldenpath import kubeyaml  # noqa: PLC0415 - `--help` needs no files
    from goldenpath.upgrades import read_waves  # noqa: PLC0415 - loads Git, which `--help` does not need

    waves = read_waves(kubeyaml.read_text(waves_file), str(waves_file))
    with open_upgrade_waves(golden_path, to, checks_health=waves.health, **options) as runner:
        progress = runner.start(
            waves,
            agreement=agreement_of(approved_by, reason, expires),
            selection=selection_of(names, owner, labels),
            pull_requests=pull_request,
            keep_overrides=keep_overrides,
        )
    show_progress(progress, output_format)
