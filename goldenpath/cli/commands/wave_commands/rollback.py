"""``goldenpath fleet waves rollback``."""

from __future__ import annotations

from typing import Any

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.wave_options import changing, show_progress, wave_options


@click.command(
    name="rollback",
    cls=ExampleCommand,
    examples=(
        "goldenpath fleet waves rollback 3f2a9c1b7e --repo .",
        "goldenpath fleet waves rollback 3f2a9c1b7e --repo . --wave canary",
    ),
)
@click.argument("change", metavar="CHANGE")
@click.option("--wave", metavar="NAME", help="The wave; the last one that changed anyone otherwise.")
@wave_options
@in_the_format_asked_for
def command(*, change: str, wave: str | None, output_format: str, **options: Any) -> None:
    """Take a wave of a change set back, in a new commit.

    CHANGE is its id. Later changes of others stay. The change set is paused.
    """
    with changing(change, looks=False, **options) as runner:
        progress = runner.rollback(wave)
    show_progress(progress, output_format)
