"""``goldenpath fleet validate``."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, today_option
from goldenpath.cli.echo import echo_json, echo_lines
from goldenpath.cli.plan_output import watching
from goldenpath.cli.problem_output import problem_as_dict, show_problems
from goldenpath.cli.repository_options import fleet_command
from goldenpath.counts import counted
from goldenpath.findings import Severity

if TYPE_CHECKING:
    from goldenpath.cli.repository_options import FleetTarget
    from goldenpath.findings import Finding
    from goldenpath.fleet.validation import Validation
    from goldenpath.tenancy.layout import Layout

_ABOUT = re.compile(r"(?:Tenant|Workload) ([a-z0-9-]+(?:/[a-z0-9-]+)?)")


@click.command(
    name="validate",
    cls=ExampleCommand,
    examples=("goldenpath fleet validate --repo .", "goldenpath fleet validate --repo . --format json"),
)
@today_option
@click.pass_context
@fleet_command("text", "json", "sarif")
def command(
    ctx: click.Context, *, target: FleetTarget, output_format: str, today: dt.datetime | None
) -> None:
    """Check everything in the repository at once, as CI does.

    Renders and checks every tenant and platform again. Reports findings of the checks, files that were edited by hand,
    manifests that no longer follow from their request or the fleet, promises beyond a cluster's capacity, names and
    identities that two tenants share, and files that belong to no request.

    SARIF has one result for each rule and tenant, because a forge limits the number of results.

    Exit code 0: no error. 1: a finding is an error. 2: a request or a lock cannot be read.
    """
    day = (today or dt.datetime.now(dt.UTC)).date()
    with target.open() as fleet, watching("Validating") as progress:
        validation = fleet.validate(today=day, progress=progress)
        from goldenpath.tenancy.layout import Layout  # noqa: PLC0415 - the help needs no models

        layout = Layout(sharded=fleet.state().context.spec.layout == "sharded")
    if output_format == "json":
        echo_json(_as_dict(validation))
    elif output_format == "sarif":
        click.echo(json.dumps(_as_sarif(validation, layout), separators=(",", ":"), ensure_ascii=False))
    else:
        _show(validation)
    ctx.exit(validation.exit_code)


def _show(validation: Validation) -> None:
    from goldenpath.cli.check_output import finding_lines  # noqa: PLC0415 - loads YAML, which `--help` does not need

    for finding in validation.findings:
        echo_lines(finding_lines(finding))
    show_problems(validation.problems)
    found = [finding.severity for finding in validation.findings]
    results = [counted(found.count(severity), severity.value) for severity in Severity if severity in found]
    if validation.problems:
        results.append(counted(len(validation.problems), "problem"))
    number = validation.looked_at
    looked_at = "1 tenant or platform" if number == 1 else f"{number:,} tenants and platforms"
    click.echo(f"Checked {looked_at}: {', '.join(results) or 'clean'}.")


def _as_sarif(validation: Validation, layout: Layout) -> dict[str, object]:
    from goldenpath import __version__  # noqa: PLC0415 - one format of three
    from goldenpath.cli.check_targets import Examination, Located  # noqa: PLC0415
    from goldenpath.cli.sarif import as_sarif  # noqa: PLC0415

    findings = [Located(_file_of(finding, layout), None, finding) for finding in validation.findings]
    examination = Examination(problems=list(validation.problems), findings=findings)
    return as_sarif(examination, version=__version__, grouped=True)


def _file_of(finding: Finding, layout: Layout) -> str:
    """The file to open for a finding: its own file, or else the request of its object, or else the fleet file."""
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
