"""``goldenpath upgrade pause``."""

from __future__ import annotations

from typing import Any

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.upgrade_options import to_option
from goldenpath.cli.wave_options import running, show_progress, wave_options


@click.command(
    name="pause",
    cls=ExampleCommand,
    examples=("goldenpath upgrade pause tenant/v1 --repo . --reason 'Incident 4711'",),
)
@click.argument("golden_path")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is recorded.")
@to_option
@wave_options
@in_the_format_asked_for
def command(*, golden_path: str, reason: str, output_format: str, **options: Any) -> None:
    """Start no further wave until the upgrade is resumed.

    What is merged stays, and open reviews stay open.
    """
    with running(golden_path, looks=False, **options) as runner:
        progress = runner.pause(reason)
    show_progress(progress, output_format)
