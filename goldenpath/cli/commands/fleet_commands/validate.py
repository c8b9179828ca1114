"""``goldenpath fleet validate``."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.plan_output import watching
from goldenpath.cli.problem_output import problem_as_dict, show_problems
from goldenpath.cli.repository_options import at_option, open_fleet, repository_options
from goldenpath.findings import Severity

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.fleet.validation import Validation


@click.command(
    name="validate",
    cls=ExampleCommand,
    examples=("goldenpath fleet validate --repo .", "goldenpath fleet validate --repo . --format json"),
)
@repository_options
@at_option
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Hold expiry dates against this day, not today.",
)
@library_option
@format_option("text", "json")
@click.pass_context
@in_the_format_asked_for
def command(
    ctx: click.Context,
    *,
    place: str,
    branch: str | None,
    at: str | None,
    libraries: tuple[Path, ...],
    output_format: str,
    today: dt.datetime | None,
) -> None:
    """Check everything in the repository at once: what CI runs.

    Every tenant and platform is rendered again and checked. Said are: what a check finds, files that were edited by
    hand, manifests that no longer follow from their request or the fleet, promises beyond what a cluster has, names
    and identities that two tenants share, and files that belong to no request.

    Ends with 0 where nothing is an error, with 1 where something is, with 2 where a request or a lock cannot be read.
    """
    day = (today or dt.datetime.now(dt.UTC)).date()
    with open_fleet(place, branch, libraries, at=at) as fleet, watching("Validating") as progress:
        validation = fleet.validate(today=day, progress=progress)
    if output_format == "json":
        click.echo(json.dumps(_as_dict(validation), indent=2, ensure_ascii=False))
    else:
        _show(validation)
    ctx.exit(validation.exit_code)


def _show(validation: Validation) -> None:
    from goldenpath.cli.check_output import finding_lines  # noqa: PLC0415 - loads YAML, which `--help` does not need

    for finding in validation.findings:
        for line in finding_lines(finding):
            click.echo(line)
    show_problems(validation.problems)
    found = [finding.severity for finding in validation.findings]
    said = [_count(found.count(severity), severity.value) for severity in Severity if severity in found]
    if validation.problems:
        said.append(_count(len(validation.problems), "problem"))
    looked_at = _count(validation.looked_at, "tenant or platform", "tenants and platforms")
    click.echo(f"Checked {looked_at}: {', '.join(said) or 'clean'}.")


def _count(number: int, word: str, several: str = "") -> str:
    return f"{number} {word if number == 1 else several or f'{word}s'}"


def _as_dict(validation: Validation) -> dict[str, object]:
    return {
        "format": "fleet-validation/v1",
        "looked_at": validation.looked_at,
        "findings": [finding.as_dict() for finding in validation.findings],
        "problems": [problem_as_dict(problem) for problem in validation.problems],
    }
