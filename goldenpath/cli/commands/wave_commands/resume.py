"""``goldenpath fleet waves resume``."""

from __future__ import annotations

from typing import Any

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.wave_options import changing, show_progress, wave_options


@click.command(
    name="resume",
    cls=ExampleCommand,
    examples=("goldenpath fleet waves resume 3f2a9c1b7e --repo https://git.example.org/platform/fleet.git",),
)
@click.argument("change", metavar="CHANGE")
@wave_options
@in_the_format_asked_for
def command(*, change: str, output_format: str, **options: Any) -> None:
    """Go on with a change set in waves: after a gate, a pause, or a crash.

    CHANGE is its id. Each call goes as far as the next gate, so that CI can run it again and again.
    """
    with changing(change, looks=True, **options) as runner:
        progress = runner.resume()
    show_progress(progress, output_format)
