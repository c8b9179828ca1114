"""``goldenpath upgrade rollback``."""

from __future__ import annotations

from typing import Any

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.upgrade_options import to_option
from goldenpath.cli.wave_options import running, show_progress, wave_options


@click.command(
    name="rollback",
    cls=ExampleCommand,
    examples=(
        "goldenpath upgrade rollback tenant/v1 --repo .",
        "goldenpath upgrade rollback tenant/v1 --repo . --wave canary",
    ),
)
@click.argument("golden_path")
@click.option("--wave", metavar="NAME", help="The wave; the last one that upgraded anyone otherwise.")
@to_option
@wave_options
@in_the_format_asked_for
def command(*, golden_path: str, wave: str | None, output_format: str, **options: Any) -> None:
    """Give the members of a wave the version that they had, in a new commit.

    The upgrade is paused. What a roll-back does not bring back, `upgrade plan` shows before the wave starts.
    """
    with running(golden_path, looks=False, **options) as runner:
        progress = runner.rollback(wave)
    show_progress(progress, output_format)
