"""``goldenpath fleet query``."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import ExampleCommand, repeatable_option
from goldenpath.cli.echo import echo_json, echo_lines
from goldenpath.cli.plan_output import watching
from goldenpath.cli.problem_output import problem_as_dict
from goldenpath.cli.repository_options import fleet_command
from goldenpath.cli.tables import table

if TYPE_CHECKING:
    from goldenpath.cli.repository_options import FleetTarget
    from goldenpath.queries import ObjectSearch, RequestSearch


@click.command(
    name="query",
    cls=ExampleCommand,
    examples=(
        """goldenpath fleet query 'gpus.exists(g, g.profile.startsWith("nvidia-a100"))' --repo .""",
        """goldenpath fleet query 'environment == "production" && !has(cost_center)' --repo . --format csv""",
        """goldenpath fleet query 'quantity(compute.memory) > quantity("1Ti")' --repo . --show compute.memory""",
        """goldenpath fleet query '"eu-central" in clusters && owner == "vision-team"' --repo . --format json""",
        """goldenpath fleet query --rendered 'kind == "ResourceQuota" && has(spec.hard.pods)' --repo .""",
    ),
)
@click.argument("expression", metavar="EXPRESSION")
@click.option("--rendered", is_flag=True, help="Search the rendered objects on the branch, not the requests.")
@click.option(
    "--kind",
    metavar="KIND",
    help="Only requests (or, with --rendered, objects) of this kind: tenant, workload.",
)
@repeatable_option("--show", "shown", metavar="FIELD", help="Also show this field")
@click.pass_context
@fleet_command("table", "json", "csv")
def command(
    ctx: click.Context,
    /,
    *,
    expression: str,
    target: FleetTarget,
    rendered: bool,
    kind: str | None,
    shown: tuple[str, ...],
    output_format: str,
) -> None:
    """Find the requests, or the rendered objects, for which an expression is true.

    EXPRESSION is CEL over the fields of a request, with their defaults: name, owner, environment, gpus, compute and so
    on, as `goldenpath schema tenant/v1` lists them. `clusters` includes the clusters that a placement selects.
    `quantity("64Gi")` makes quantities comparable. An unknown field is an error with the nearest name. A request without a
    field that the expression needs is left out, and a note counts such requests.

    With --rendered, EXPRESSION is over the fields of every object in the repository (kind, metadata, spec and so on), and
    over cluster, tenant, workload, owner and file.

    Exit code 0: the expression was evaluated, with or without results.
    """
    from goldenpath.queries import search_objects, search_requests  # noqa: PLC0415 - `--help` needs no CEL

    with target.open() as fleet, watching("Searching") as progress:
        state = fleet.state()
        search: RequestSearch | ObjectSearch = (
            search_objects(state, expression, kind=kind, progress=progress)
            if rendered
            else search_requests(state, expression, kind=kind, progress=progress)
        )
    rows = [_row(found.as_dict(), shown) for found in search.found]
    head = ("OBJECT", "CLUSTER", "OF") if rendered else ("NAME", "OWNER", "GOLDEN PATH", "CLUSTERS")
    if output_format == "json":
        document = {
            "format": "query/v1",
            "expression": expression,
            "looked_at": search.looked_at,
            "found": [found.as_dict() for found in search.found],
            "notes": list(search.notes),
            "problems": [problem_as_dict(problem) for problem in search.unreadable],
        }
        echo_json(document)
    elif output_format == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([(*map(str.lower, head), *shown), *rows])
        click.echo(text.getvalue(), nl=False)
    else:
        _show_table(search, rows, (*head, *map(str.upper, shown)))
    if output_format != "json":
        for note in search.notes:
            click.echo(f"note: {note}{'' if note.endswith('?') else '.'}", err=True)
    ctx.exit(0)


def _show_table(
    search: RequestSearch | ObjectSearch, rows: list[tuple[str, ...]], head: tuple[str, ...]
) -> None:
    if rows:
        echo_lines(table([head, *rows]))
        click.echo()
    click.echo(f"{len(rows):,} of {search.looked_at:,}.")


def _row(found: dict[str, Any], shown: tuple[str, ...]) -> tuple[str, ...]:
    if "object" in found:
        body = found["object"]
        name = f"{body['kind']}/{body.get('metadata', {}).get('name', '')}"
        first: tuple[str, ...] = (name, found["cluster"], f"{found['of']['kind']} {found['of']['name']}")
        values = body
    else:
        first = (found["name"], found["owner"] or "-", found["golden_path"], ", ".join(found["clusters"]))
        values = found["request"]
    return (*first, *(_value(values, path) for path in shown))


def _value(values: Any, path: str) -> str:
    from goldenpath.queries.field_paths import as_text, values_at  # noqa: PLC0415 - `--help` needs no paths

    return ", ".join(map(as_text, values_at(values, path))) or "-"
