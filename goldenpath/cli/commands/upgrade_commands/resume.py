"""``goldenpath upgrade resume``."""

from __future__ import annotations

from typing import Any

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.upgrade_options import to_option
from goldenpath.cli.wave_options import running, show_progress, wave_options


@click.command(
    name="resume",
    cls=ExampleCommand,
    examples=("goldenpath upgrade resume tenant/v1 --repo https://git.example.org/platform/fleet.git",),
)
@click.argument("golden_path")
@to_option
@wave_options
@in_the_format_asked_for
def command(*, golden_path: str, output_format: str, **options: Any) -> None:
    """Go on with an upgrade: after a gate, a pause, or a crash.

    Each call goes as far as the next gate, so that CI can run it again and again.
    """
    with running(golden_path, looks=True, **options) as runner:
        progress = runner.resume()
    show_progress(progress, output_format)
