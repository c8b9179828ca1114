"""Shared by `fleet edit` and `fleet undo`: shows a change set, has it approved, and makes it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import together
from goldenpath.cli.commit_options import approve_option, publish_options_of, review_of
from goldenpath.cli.plan_output import exit_code, watching
from goldenpath.cli.repository_options import open_fleet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.changes import BulkEdit, Undo

__all__ = ["carry_out_or_plan", "made_options", "start_waves"]


made_options = together(
    click.option("--plan", "only_plan", is_flag=True, help="Show the plan and write nothing: the default."),
    approve_option,
    click.option(
        "--skip-refused",
        is_flag=True,
        help="Leave out the requests that refuse the change, and name them.",
    ),
)
"""``--plan``, ``--approve`` and ``--skip-refused``."""


def carry_out_or_plan(asked: BulkEdit | Undo, output_format: str, said: Mapping[str, Any]) -> int:
    """Show a change set, or make it where its digest was approved or a review is asked for; the exit code.

    Raises:
        InputError: the change cannot be understood or made; every problem.
    """
    from goldenpath.changes import make_change, plan_change  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.cli.change_set_output import show_made, show_planned  # noqa: PLC0415

    if said["only_plan"] and (said["approved"] or said["pull_request"]):
        raise click.UsageError("--plan writes nothing: leave out --approve and --pull-request.")
    options = publish_options_of(said)
    with (
        open_fleet(said["place"], said["branch"], said["libraries"]) as fleet,
        watching("Planning") as progress,
    ):
        review = review_of(fleet, said)
        if review is None and not said["approved"]:
            planned = plan_change(fleet, asked, options=options, progress=progress)
            show_planned(planned, output_format, ["goldenpath", *sys.argv[1:]])
            return exit_code(planned.proposal)
        made = make_change(fleet, asked, options=options, review=review, progress=progress)
    show_made(made, output_format)
    return 0


def start_waves(asked: BulkEdit, waves_file: str, output_format: str, said: Mapping[str, Any]) -> None:
    """Start a change set in waves, and show how far it came.

    Raises:
        InputError: the waves or the change cannot be understood; every problem.
    """
    from pathlib import Path  # noqa: PLC0415 - `--help` needs no files

    from goldenpath import kubeyaml  # noqa: PLC0415
    from goldenpath.changes import start_in_waves  # noqa: PLC0415
    from goldenpath.cli.wave_options import show_progress, wave_machinery  # noqa: PLC0415
    from goldenpath.waves import read_waves  # noqa: PLC0415

    if said["only_plan"]:
        raise click.UsageError("--plan writes nothing: leave out --waves.")
    if output_format == "markdown":
        raise click.UsageError("--waves shows its progress as text or JSON: choose --format json.")
    waves = read_waves(kubeyaml.read_text(Path(waves_file)), waves_file)
    names = ("place", "branch", "context", "kubeconfig", "author", "forge", "forge_api", "libraries")
    with wave_machinery(**{name: said[name] for name in names}, looks=waves.health) as (fleet, machinery):
        progress = start_in_waves(
            fleet,
            asked,
            waves,
            pull_requests=bool(said["pull_request"]),
            approved=said["approved"],
            **machinery,
        )
    show_progress(progress, output_format)
