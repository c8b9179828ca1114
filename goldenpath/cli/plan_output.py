"""Prints a plan and the problems that block it: as text, as JSON, or as Markdown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final, Self

import click

from goldenpath.cli.echo import echo_json
from goldenpath.cli.problem_output import problem_as_dict, show_problems
from goldenpath.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.fleet import Proposal
    from goldenpath.repository.publish_plan import Plan

__all__ = ["comment_on", "exit_code", "plan_as_text", "show_proposal", "watching"]

_MARK: Final = "<!-- goldenpath plan -->"
"""The mark by which a later run finds the comment."""


def show_proposal(proposal: Proposal, output_format: str, *, details: bool | None = None) -> None:
    """Print a plan on stdout; the problems that block it go to stderr, or into the JSON."""
    if output_format == "json":
        document = {
            **proposal.plan.as_dict(),
            "problems": [problem_as_dict(each) for each in proposal.problems],
        }
        echo_json(document)
        return
    if output_format == "markdown":
        from goldenpath.repository.plan_markdown import plan_markdown  # noqa: PLC0415 - one format of three

        click.echo(plan_markdown(proposal.plan))
        has_details = True
    else:
        from goldenpath.repository.plan_text import shows_details  # noqa: PLC0415 - one format of three

        plan_as_text(proposal.plan, details=details)
        has_details = shows_details(proposal.plan, details)
    show_problems(_condensed_problems(proposal) if has_details else proposal.problems)


def _condensed_problems(proposal: Proposal) -> Iterator[Problem]:
    """The problems of a plan, with one problem for all hand edits, which the plan lists itself."""
    edited = {edit.path for edit in proposal.plan.hand_edits}
    count = 0
    for problem in proposal.problems:
        if problem.rule == "hand-edit" and problem.file in edited:
            count += 1
        else:
            yield problem
    if count:
        files = "1 file was" if count == 1 else f"{count} files were"
        message = f"{files} edited by hand, as the plan shows; a publish is refused, unless --overwrite-edits drops the edits"
        yield Problem("", "hand-edit", message)


def comment_on(page: str, proposal: Proposal, environment: Mapping[str, str]) -> None:
    """Write a plan and its problems into one comment of a pull request, which each run updates.

    Args:
        page: the URL of the pull request in a browser.
        proposal: the plan.
        environment: variables with the forge's token.

    Raises:
        InputError: the URL is not a pull request's, or there is no token.
        RepositoryError: the forge refuses, or does not answer.
    """
    from goldenpath.forges import PullRequestPage, forge_of  # noqa: PLC0415 - only a comment needs a forge
    from goldenpath.repository.plan_markdown import plan_markdown  # noqa: PLC0415

    at = PullRequestPage.parse(page)
    forge = forge_of(at.remote, kind=at.kind, environment=environment)
    if forge is None:
        return
    problems = "".join(f"- {problem}\n" for problem in _condensed_problems(proposal))
    text = plan_markdown(proposal.plan) + (f"\n\n### Problems\n\n{problems}" if problems else "")
    outcome = forge.keep_comment(at.number, text, mark=_MARK)
    click.echo(f"{page}: comment {outcome}", err=True)


def plan_as_text(plan: Plan, *, details: bool | None = None) -> None:
    """Print a plan for a person."""
    from goldenpath.repository.plan_text import plan_text  # noqa: PLC0415 - `--help` needs no plan

    coloured = sys.stdout.isatty() and click.get_current_context().color is not False
    for line in plan_text(plan, colour=coloured, details=details):
        click.echo(line, color=coloured)


def exit_code(proposal: Proposal) -> int:
    """2 if a problem blocks the plan, 1 if a finding is an error, else 0."""
    if proposal.problems:
        return 2
    return int(bool(proposal.errors))


class watching:  # noqa: N801 - reads as a word in a `with`
    """A progress bar on a terminal's stderr, called with the number of finished parts and the total."""

    def __init__(self, doing: str, *, at_least: int = 50) -> None:
        self._doing = doing
        self._at_least = at_least
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            if total < self._at_least or not sys.stderr.isatty():
                return
            from rich.console import Console  # noqa: PLC0415 - only a person who waits needs it
            from rich.progress import Progress  # noqa: PLC0415

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(self._doing, total=total)
            self._bar.start()
        self._bar.update(self._task, completed=done, total=total)
