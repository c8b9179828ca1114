"""``goldenpath fleet edit``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, repeatable_option
from goldenpath.cli.change_set_options import change_set_options, plan_or_make_change, start_waves
from goldenpath.cli.cluster_options import cluster_options
from goldenpath.cli.commit_options import change_options, review_options
from goldenpath.cli.repository_options import fleet_command

if TYPE_CHECKING:
    from goldenpath.cli.repository_options import FleetTarget


@click.command(
    name="edit",
    cls=ExampleCommand,
    examples=(
        """goldenpath fleet edit --where 'gpus.exists(g, g.profile == "nvidia-a100-80gb")' --set 'gpus[profile=nvidia-a100-80gb].profile=nvidia-h100-80gb' --reason 'The A100 nodes leave in May'""",
        """goldenpath fleet edit --where 'owner == "vision-team"' --set compute.memory=1Ti --reason 'Larger models' --pull-request""",
        """goldenpath fleet edit --where 'environment == "production"' --set compute.pods=200 --reason 'More Pods' --waves waves.yaml""",
        """goldenpath fleet edit --where 'has(cost_center)' --unset cost_center --reason 'Charged by owner now' --approve sha256:…""",
    ),
)
@click.option(
    "--where", required=True, metavar="EXPRESSION", help="The requests to change: CEL, as for `fleet query`."
)
@repeatable_option(
    "--set", "sets", metavar="FIELD=VALUE", help="A field and its new value, such as gpus[profile=…].quota=4"
)
@repeatable_option("--unset", "unsets", metavar="FIELD", help="A field to remove")
@click.option("--reason", required=True, metavar="TEXT", help="The reason, for readers of the history.")
@click.option("--kind", metavar="KIND", help="Only requests of this kind: tenant, workload.")
@click.option(
    "--waves",
    "waves_file",
    type=click.Path(dir_okay=False, exists=True),
    metavar="FILE",
    help="Make the change in the waves of this file, with its gates between waves.",
)
@change_set_options
@cluster_options
@review_options
@change_options
@click.pass_context
@fleet_command("text", "json", "markdown", has_at=False)
def command(
    ctx: click.Context,
    /,
    *,
    where: str,
    sets: tuple[str, ...],
    unsets: tuple[str, ...],
    reason: str,
    kind: str | None,
    waves_file: str | None,
    skip_refused: bool,
    target: FleetTarget,
    output_format: str,
    **given: object,
) -> None:
    """Change a field in many requests at once, as one change set.

    Comments and the order of fields stay. Every request is validated, rendered and checked first. The report lists the
    requests that change, that keep the old value by an override, that refuse the change, and to which it does not apply. A
    request that refuses the change stops all of them, unless --skip-refused leaves it out.

    Without --approve and --pull-request nothing is written: the command shows the plan with its digest. --approve publishes
    exactly the plan of that digest. --waves starts the change in waves, with or without --pull-request. A request that
    refuses the change then stops no other, and `goldenpath fleet waves` continues the change.

    FIELD selects entries of lists by their fields (gpus[profile=nvidia-l4-24gb].quota), by their value (clusters[=berlin]),
    by number (gpus[0]), or all entries (gpus[].borrow). [+] adds an entry (access.viewers[+]=auditors).
    """
    from goldenpath.changes import BulkEdit  # noqa: PLC0415 - `--help` needs none of it

    change = BulkEdit.of(where, sets=sets, unsets=unsets, reason=reason, kind=kind, skip_refused=skip_refused)
    if waves_file is None:
        ctx.exit(plan_or_make_change(change, target, output_format, given))
    start_waves(change, target, waves_file, output_format, given)
