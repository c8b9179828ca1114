"""``goldenpath upgrade status``."""

from __future__ import annotations

from typing import Any

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.upgrade_options import to_option
from goldenpath.cli.wave_options import running, show_progress, wave_options


@click.command(
    name="status",
    cls=ExampleCommand,
    examples=(
        "goldenpath upgrade status tenant/v1 --repo .",
        "goldenpath upgrade status tenant/v1 --to 1.1.0 --repo . --format json",
    ),
)
@click.argument("golden_path")
@to_option
@wave_options
@in_the_format_asked_for
def command(*, golden_path: str, output_format: str, **options: Any) -> None:
    """Show how far an upgrade in waves is.

    Nothing is written: the locks on the branch, the record in `upgrades/` and the clusters say it.
    """
    with running(golden_path, looks=True, **options) as runner:
        progress = runner.status()
    show_progress(progress, output_format)
