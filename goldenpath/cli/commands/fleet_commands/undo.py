"""``goldenpath fleet undo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.change_set_options import change_set_options, plan_or_make_change
from goldenpath.cli.commit_options import change_options, review_options
from goldenpath.cli.repository_options import fleet_command

if TYPE_CHECKING:
    from goldenpath.cli.repository_options import FleetTarget


@click.command(
    name="undo",
    cls=ExampleCommand,
    examples=(
        "goldenpath fleet undo 3f2a9c1b7e --repo .",
        "goldenpath fleet undo 3f2a9c1b7e --repo . --pull-request --reason 'The nodes stay until June'",
    ),
)
@click.argument("change", metavar="CHANGE")
@click.option("--reason", default="", metavar="TEXT", help="The reason, for readers of the history.")
@change_set_options
@review_options
@change_options
@click.pass_context
@fleet_command("text", "json", "markdown", has_at=False)
def command(
    ctx: click.Context,
    /,
    *,
    change: str,
    reason: str,
    skip_refused: bool,
    target: FleetTarget,
    output_format: str,
    **given: object,
) -> None:
    """Undo a change set: restore its earlier values, and keep later changes of other people.

    CHANGE is the id of a change set; `goldenpath fleet changes` lists the ids. A request without a later change gets back
    its earlier bytes. If a later change touched the same field, the command shows both values and writes nothing, unless
    --skip-refused leaves out that request.

    Without --approve and --pull-request nothing is written: the command shows the plan with its digest.
    """
    from goldenpath.changes import Undo  # noqa: PLC0415 - `--help` needs none of it

    ctx.exit(plan_or_make_change(Undo(change, reason, skip_refused), target, output_format, given))
