"""``goldenpath fleet waves status``."""

from __future__ import annotations

from typing import Any

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.wave_options import changing, show_progress, wave_options


@click.command(
    name="status",
    cls=ExampleCommand,
    examples=(
        "goldenpath fleet waves status 3f2a9c1b7e --repo .",
        "goldenpath fleet waves status 3f2a9c1b7e --repo . --format json",
    ),
)
@click.argument("change", metavar="CHANGE")
@wave_options
@in_the_format_asked_for
def command(*, change: str, output_format: str, **options: Any) -> None:
    """Show how far a change set in waves is.

    CHANGE is its id. Nothing is written: the branch, the record in `changes/` and the clusters say it.
    """
    with changing(change, looks=True, **options) as runner:
        progress = runner.status()
    show_progress(progress, output_format)
