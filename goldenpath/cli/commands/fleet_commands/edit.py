"""``goldenpath fleet edit``."""

from __future__ import annotations

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.change_set_options import carry_out_or_plan, made_options, start_waves
from goldenpath.cli.cluster_options import cluster_options
from goldenpath.cli.commit_options import change_options, review_options
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.repository_options import repository_options


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
    "--where", required=True, metavar="EXPRESSION", help="Which requests: CEL, as for `fleet query`."
)
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="FIELD=VALUE",
    help="A field and its new value, such as gpus[profile=…].quota=4; may be given again.",
)
@click.option(
    "--unset", "unsets", multiple=True, metavar="FIELD", help="A field that goes; may be given again."
)
@click.option("--reason", required=True, metavar="TEXT", help="Why, for those who read the history.")
@click.option("--kind", metavar="KIND", help="Only requests of this kind: tenant, workload.")
@click.option(
    "--waves",
    "waves_file",
    type=click.Path(dir_okay=False, exists=True),
    metavar="FILE",
    help="Make it in waves: who goes when, and what must hold in between.",
)
@made_options
@cluster_options
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
    where: str,
    sets: tuple[str, ...],
    unsets: tuple[str, ...],
    reason: str,
    kind: str | None,
    waves_file: str | None,
    skip_refused: bool,
    output_format: str,
    **said: object,
) -> None:
    """Change a field in many requests at once, as one change set.

    Comments and the order of fields stay. Every request is validated, rendered and checked first. The report says whom
    the change reaches, where an override keeps the old value, who refuses it, and where it does not apply. A request
    that refuses the change stops all of them, unless --skip-refused leaves it out.

    Without --approve and --pull-request nothing is written: the plan is shown, with its digest. --approve publishes
    exactly that plan, and no other. --waves starts it in waves, with or without --pull-request; a request that refuses the
    change stops no other then, and `goldenpath fleet waves` goes on with it.

    FIELD names entries of lists by their fields (gpus[profile=nvidia-l4-24gb].quota), by themselves (clusters[=berlin]),
    by number (gpus[0]), or all (gpus[].borrow); [+] adds one (access.viewers[+]=auditors).
    """
    from goldenpath.changes import BulkEdit  # noqa: PLC0415 - `--help` needs none of it

    asked = BulkEdit.of(where, sets=sets, unsets=unsets, reason=reason, kind=kind, skip_refused=skip_refused)
    context, kubeconfig = said.pop("context"), said.pop("kubeconfig")
    if waves_file is None:
        ctx.exit(carry_out_or_plan(asked, output_format, said))
    start_waves(asked, waves_file, output_format, {**said, "context": context, "kubeconfig": kubeconfig})
