"""Prints a change of many requests, before and after it is made."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from goldenpath.cli.commit_options import show_published
from goldenpath.cli.echo import echo_json, echo_lines
from goldenpath.cli.plan_output import plan_as_text
from goldenpath.cli.problem_output import problem_as_dict, show_problems

if TYPE_CHECKING:
    from goldenpath.changes.change_publishing import PublishedChange
    from goldenpath.changes.edit_planning import PlannedChange

__all__ = ["show_made", "show_planned"]

_SHOWN_PROBLEMS = 20


def show_planned(planned: PlannedChange, output_format: str, command: list[str]) -> None:
    """Print the plan of a change, and as text also the command that makes it.

    Args:
        planned: the change.
        output_format: ``text``, ``json`` or ``markdown``.
        command: the words of the current command line.
    """
    if output_format == "json":
        problems = [problem_as_dict(each) for each in planned.proposal.problems]
        echo_json({**planned.as_dict(), "problems": problems})
        return
    if output_format == "markdown":
        from goldenpath.changes.change_markdown import change_markdown  # noqa: PLC0415 - one format of three

        click.echo(change_markdown(planned))
    else:
        plan_as_text(planned.proposal.plan)
        echo_lines(planned.reach.lines())
        for note in planned.notes:
            click.echo(f"note: {note}{'' if note.endswith('?') else '.'}", err=True)
    show_problems(planned.proposal.problems[:_SHOWN_PROBLEMS])
    if (more := len(planned.proposal.problems) - _SHOWN_PROBLEMS) > 0:
        click.echo(f"and {more:,} more problems.", err=True)
    if output_format == "text":
        _print_next_command(planned, command)


def _print_next_command(planned: PlannedChange, command: list[str]) -> None:
    if planned.reach.conflicting and planned.proposal.problems:
        click.echo(
            "Requests conflict, so the change cannot be made: fix them, narrow --where, or give --skip-refused."
        )
    elif planned.proposal.plan and not planned.proposal.problems:
        words = shlex.join([each for each in command if each != "--plan"])
        click.echo("Nothing is written yet. To make exactly this change:")
        click.echo(f"  {words} --approve {planned.digest}")
        click.echo("or open a pull request with --pull-request.")


def show_made(made: PublishedChange, output_format: str) -> None:
    """Print the result of a change that was made."""
    from goldenpath.changes.change_set import BRANCH_PREFIX  # noqa: PLC0415 - loads Git, which `--help` does not need

    if output_format == "text":
        echo_lines(made.change.reach.lines())
    show_published(made.published, output_format)
    if output_format != "text" or made.published.commit is None:
        return
    name = made.change.id
    if made.published.branch.startswith(BRANCH_PREFIX):
        click.echo(f"Change set {name} is open: merge {made.published.branch}, or delete that branch.")
    else:
        click.echo(f"Change set {name}; undo it with `goldenpath fleet undo {name}`.")
