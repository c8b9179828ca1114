"""``goldenpath compliance``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, library_option
from goldenpath.cli.repository_options import at_option, open_fleet, repository_options

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.compliance import Assessment


@click.command(
    name="compliance",
    cls=ExampleCommand,
    examples=(
        "goldenpath compliance --repo .",
        "goldenpath compliance --repo . --as page > controls.md",
        "goldenpath compliance --repo . --standard cis-kubernetes --as oscal-results > results.json",
        "goldenpath compliance --as oscal-component > component-definition.json",
        "goldenpath compliance --repo . --as openreports | kubectl apply --server-side -f -",
    ),
)
@click.option("--standard", metavar="ID", help="Only this standard, such as cis-kubernetes. Default: all.")
@click.option(
    "--as",
    "form",
    type=click.Choice(["text", "json", "page", "oscal-results", "oscal-component", "openreports"]),
    default="text",
    show_default=True,
    help="Text for people, JSON for programs, a page for auditors, OSCAL, or Reports for a cluster's dashboard.",
)
@repository_options
@at_option
@library_option
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Compare expiry dates with this day. Default: the day of the commit, so that each commit has one result.",
)
@click.pass_context
def command(
    ctx: click.Context,
    *,
    standard: str | None,
    form: str,
    place: str,
    branch: str | None,
    at: str | None,
    libraries: tuple[Path, ...],
    today: dt.datetime | None,
) -> None:
    """Show which controls of security standards the fleet repository satisfies.

    Policies, objects and findings of the repository answer each control. A control that the repository cannot show is not
    assessed, and never satisfied. The same commit gives the same bytes.

    Exit code 0: every assessed control is satisfied. 1: a control is not.
    """
    from goldenpath.compliance import State, assess  # noqa: PLC0415 - `--help` needs none of it

    with open_fleet(place, branch, libraries, at=at) as fleet:
        found = assess(fleet, standard=standard, today=today.date() if today else None)
    click.echo(_text(found, form), nl=False)
    ctx.exit(int(any(each.state is State.NOT_SATISFIED for each in found.results)))


def _text(found: Assessment, form: str) -> str:
    from goldenpath import kubeyaml  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.compliance import oscal  # noqa: PLC0415
    from goldenpath.compliance.auditor_page import auditor_page  # noqa: PLC0415
    from goldenpath.compliance.open_reports import open_reports  # noqa: PLC0415

    if form == "page":
        return auditor_page(found)
    if form == "oscal-results":
        return oscal.dump(oscal.assessment_results(found))
    if form == "oscal-component":
        return oscal.dump(oscal.component_definition(found.standards))
    if form == "openreports":
        return "---\n".join(kubeyaml.dump(each) for each in open_reports(found))
    if form == "json":
        return json.dumps(found.as_dict(), indent=2, ensure_ascii=False) + "\n"
    return "".join(f"{line}\n" for line in _lines(found))


def _lines(found: Assessment) -> Iterator[str]:
    from goldenpath.cli.tables import table  # noqa: PLC0415 - one form of many

    yield f"Commit {found.commit[:12]}, {len(found.places)} namespaces of tenants"
    rows: list[tuple[str, ...]] = [("STANDARD", "SATISFIED", "IN PART", "NOT SATISFIED", "NOT ASSESSED")]
    for standard in found.standards:
        counts = found.count(standard)
        rows.append((standard.id, *map(str, counts.values())))
    yield from table(rows)
    for each in found.results:
        for reason in each.reasons:
            yield f"{each.standard.id} {each.control.id}: {reason}"
        if each.more:
            yield f"{each.standard.id} {each.control.id}: and {each.more} more"
