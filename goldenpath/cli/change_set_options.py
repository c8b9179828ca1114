"""The options of `fleet edit` and `fleet undo`; plans, makes or starts a change set."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import together
from goldenpath.cli.commit_options import approve_option, publish_options_of, review_of
from goldenpath.cli.plan_output import exit_code, watching

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.changes import BulkEdit, Undo
    from goldenpath.cli.repository_options import FleetTarget

__all__ = ["change_set_options", "plan_or_make_change", "start_waves"]


change_set_options = together(
    click.option(
        "--plan", "only_plan", is_flag=True, help="Show the plan and write nothing, which is the default."
    ),
    approve_option,
    click.option(
        "--skip-refused", is_flag=True, help="Leave out the requests that refuse the change, and list them."
    ),
)
"""``--plan``, ``--approve`` and ``--skip-refused``."""


def plan_or_make_change(
    change: BulkEdit | Undo, target: FleetTarget, output_format: str, given: Mapping[str, Any]
) -> int:
    """Make a change set with --approve or --pull-request, or else show its plan; return the exit code.

    Raises:
        InputError: the change is not valid, or it cannot be made; lists every problem.
    """
    from goldenpath.changes import make_change, plan_change  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.cli.change_set_output import show_made, show_planned  # noqa: PLC0415

    if given["only_plan"] and (given["approved"] or given["pull_request"]):
        raise click.UsageError("--plan writes nothing: leave out --approve and --pull-request.")
    options = publish_options_of(given)
    with target.open() as fleet, watching("Planning") as progress:
        review = review_of(fleet, given)
        if review is None and not given["approved"]:
            planned = plan_change(fleet, change, options=options, progress=progress)
            show_planned(planned, output_format, ["goldenpath", *sys.argv[1:]])
            return exit_code(planned.proposal)
        made = make_change(fleet, change, options=options, review=review, progress=progress)
    show_made(made, output_format)
    return 0


def start_waves(
    change: BulkEdit, target: FleetTarget, waves_file: str, output_format: str, given: Mapping[str, Any]
) -> None:
    """Start a change set in waves, and show its progress.

    Raises:
        InputError: the waves or the change are not valid; lists every problem.
    """
    from pathlib import Path  # noqa: PLC0415 - `--help` needs no files

    from goldenpath import kubeyaml  # noqa: PLC0415
    from goldenpath.changes import start_in_waves  # noqa: PLC0415
    from goldenpath.cli.wave_options import open_wave_runner, show_progress  # noqa: PLC0415
    from goldenpath.waves import read_waves  # noqa: PLC0415

    if given["only_plan"]:
        raise click.UsageError("--plan writes nothing: leave out --waves.")
    if output_format == "markdown":
        raise click.UsageError("--waves shows its progress as text or JSON: choose --format json.")
    waves = read_waves(kubeyaml.read_text(Path(waves_file)), waves_file)
    options = {name: given[name] for name in ("context", "kubeconfig", "author", "forge", "forge_api")}
    options |= {"place": target.place, "branch": target.branch, "libraries": target.libraries}
    with open_wave_runner(**options, checks_health=waves.health) as (fleet, parts):
        progress = start_in_waves(
            fleet,
            change,
            waves,
            pull_requests=bool(given["pull_request"]),
            approved=given["approved"],
            **parts,
        )
    show_progress(progress, output_format)
