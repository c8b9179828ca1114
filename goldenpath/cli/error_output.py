"""Shows refused input and other failures: on stderr for people, as JSON on stdout for programs."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from goldenpath.cli.echo import echo_json, echo_lines
from goldenpath.cli.problem_output import files_at, problem_as_dict, show_problems
from goldenpath.counts import counted
from goldenpath.errors import GoldenpathError, InputError
from goldenpath.findings import ChecksFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["json_refusals", "refusal_as_dict", "report_refusals", "show_error"]

F = TypeVar("F", bound="Callable[..., Any]")


def show_error(error: GoldenpathError) -> None:
    """Print an error on stderr, with the fix."""
    if isinstance(error, InputError):
        show_problems(error.problems)
    elif isinstance(error, ChecksFailedError):
        from goldenpath.cli.check_output import finding_lines  # noqa: PLC0415 - loads YAML, which `--help` does not need

        count = counted(len(error.findings), "error")
        click.echo(f"{click.style('refused', fg='red', bold=True)}: {count}; nothing was written", err=True)
        for finding in error.findings:
            echo_lines(finding_lines(finding), err=True)
    else:
        click.echo(f"{click.style('error', fg='red', bold=True)}: {error}", err=True)


def refusal_as_dict(error: GoldenpathError) -> dict[str, Any]:
    """Plain data of the format ``refused/v1``; ``error`` is set where there are neither problems nor findings."""
    problems = error.problems if isinstance(error, InputError) else ()
    findings = error.findings if isinstance(error, ChecksFailedError) else ()
    return {
        "format": "refused/v1",
        "problems": [problem_as_dict(problem) for problem in problems],
        "findings": [finding.as_dict() for finding in findings],
        "error": None if problems or findings else str(error),
    }


def json_refusals(function: F) -> F:
    """Decorate a command with ``--format``: with JSON, a refusal is also JSON."""

    @functools.wraps(function)
    def reporting(*args: Any, output_format: str, **options: Any) -> Any:
        try:
            return function(*args, output_format=output_format, **options)
        except GoldenpathError as error:
            if output_format == "json":
                echo_json(refusal_as_dict(error))
            else:
                show_error(error)
            click.get_current_context().exit(error.exit_code)

    return cast("F", reporting)


def report_refusals(function: F) -> F:
    """Decorate a command with ``--repo`` and ``--format``: a refusal has the format of the result.

    Problems may name files of the repository and files of the command line; each is looked up at its own place.
    """

    @functools.wraps(function)
    def reporting(*args: Any, place: str, output_format: str, **options: Any) -> Any:
        named = frozenset(options.get("files", ()))

        def place_of(file: str) -> Path:
            return Path(file) if file in named else Path(place, file)

        with files_at(place_of):
            return json_refusals(function)(*args, place=place, output_format=output_format, **options)

    return cast("F", reporting)
