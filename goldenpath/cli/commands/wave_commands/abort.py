"""``goldenpath fleet waves abort``."""

from __future__ import annotations

from typing import Any

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.wave_options import changing, show_progress, wave_options


@click.command(
    name="abort",
    cls=ExampleCommand,
    examples=("goldenpath fleet waves abort 3f2a9c1b7e --repo . --reason 'Wrong value'",),
)
@click.argument("change", metavar="CHANGE")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is recorded.")
@wave_options
@in_the_format_asked_for
def command(*, change: str, reason: str, output_format: str, **options: Any) -> None:
    """Start no further wave at all.

    CHANGE is its id. What is merged stays; `goldenpath fleet undo` takes it back. The record stays in `changes/`.
    """
    with changing(change, looks=False, **options) as runner:
        progress = runner.abort(reason)
    show_progress(progress, output_format)
