"""``goldenpath fleet validate``."""

from __future__ import annotations

import datetime as dt
import json
import re
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

    from goldenpath.findings import Finding
    from goldenpath.fleet.validation import Validation
    from goldenpath.tenancy.layout import Layout

_ABOUT = re.compile(r"(?:Tenant|Workload) ([a-z0-9-]+(?:/[a-z0-9-]+)?)")


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
@format_option("text", "json", "sarif")
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

    SARIF has one result for each rule and tenant, so that a forge shows those of a whole fleet.

    Ends with 0 where nothing is an error, with 1 where something is, with 2 where a request or a lock cannot be read.
    """
    day = (today or dt.datetime.now(dt.UTC)).date()
    with open_fleet(place, branch, libraries, at=at) as fleet, watching("Validating") as progress:
        validation = fleet.validate(today=day, progress=progress)
        from goldenpath.tenancy.layout import Layout  # noqa: PLC0415 - the help needs no models

        layout = Layout(sharded=fleet.state().context.spec.layout == "sharded")
    if output_format == "json":
        click.echo(json.dumps(_as_dict(validation), indent=2, ensure_ascii=False))
    elif output_format == "sarif":
        click.echo(json.dumps(_as_sarif(validation, layout), separators=(",", ":"), ensure_ascii=False))
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


def _as_sarif(validation: Validation, layout: Layout) -> dict[str, object]:
    from goldenpath import __version__  # noqa: PLC0415 - one format of three
    from goldenpath.cli.check_targets import Examination, Located  # noqa: PLC0415
    from goldenpath.cli.sarif import as_sarif  # noqa: PLC0415

    findings = [Located(_file_of(finding, layout), None, finding) for finding in validation.findings]
    examination = Examination(problems=list(validation.problems), findings=findings)
    return as_sarif(examination, version=__version__, grouped=True)


def _file_of(finding: Finding, layout: Layout) -> str:
    """The file that a person would open: the finding's own, else the request that it is about, else the fleet's."""
    from goldenpath.spec.ref import Ref  # noqa: PLC0415 - one format of three
    from goldenpath.tenancy.repository_paths import FLEET_FILE, RepositoryPaths  # noqa: PLC0415

    about = _ABOUT.match(finding.object)
    own = RepositoryPaths(Ref.parse(about[1]), layout).request if about else FLEET_FILE
    return finding.file or own


def _as_dict(validation: Validation) -> dict[str, object]:
    return {
        "format": "fleet-validation/v1",
        "looked_at": validation.looked_at,
        "findings": [finding.as_dict() for finding in validation.findings],
        "problems": [problem_as_dict(problem) for problem in validation.problems],
    }
