"""``goldenpath fleet undo``."""

from __future__ import annotations

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.change_set_options import carry_out_or_plan, made_options
from goldenpath.cli.commit_options import change_options, review_options
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.repository_options import repository_options


@click.command(
    name="undo",
    cls=ExampleCommand,
    examples=(
        "goldenpath fleet undo 3f2a9c1b7e --repo .",
        "goldenpath fleet undo 3f2a9c1b7e --repo . --pull-request --reason 'The nodes stay until June'",
    ),
)
@click.argument("change", metavar="CHANGE")
@click.option("--reason", default="", metavar="TEXT", help="Why, for those who read the history.")
@made_options
@review_options
@repository_options
@change_options
@library_option
@format_option("text", "json", "markdown")
@click.pass_context
@in_the_format_asked_for
def command(
    ctx: click.Context,
    /,
    *,
    change: str,
    reason: str,
    skip_refused: bool,
    output_format: str,
    **said: object,
) -> None:
    """Take a change set back: its earlier values return, and later changes of others stay.

    CHANGE is the id of a change set, as `goldenpath fleet changes` lists them. A request without a later change gets
    back the very bytes that it had. Where a later change touched the same field, both values are shown and nothing is
    written, unless --skip-refused leaves that request as it is.

    Without --approve and --pull-request nothing is written: the plan is shown, with its digest.
    """
    from goldenpath.changes import Undo  # noqa: PLC0415 - `--help` needs none of it

    asked = Undo(change, reason, skip_refused)
    ctx.exit(carry_out_or_plan(asked, output_format, said))
