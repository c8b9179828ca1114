"""``goldenpath doctor``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import click

from goldenpath.cli.base_command import ExampleCommand, format_option
from goldenpath.cli.cluster_options import cluster_options

if TYPE_CHECKING:
    from goldenpath.cli.diagnosis import DoctorCheck

_FAILED: Final = 1
_COLORS: Final = {"ok": "green", "missing": "yellow", "failed": "red"}


@click.command(
    name="doctor",
    cls=ExampleCommand,
    examples=(
        "goldenpath doctor",
        "goldenpath doctor --repo https://git.example.org/platform/fleet.git --forge gitea",
        "goldenpath doctor --context eu-central --format json",
    ),
)
@click.option(
    "--repo",
    "place",
    envvar="GOLDENPATH_REPO",
    show_envvar=True,
    metavar="URL|DIR",
    help="The fleet repository: a directory, or a URL that Git can reach. Default: the one of the current folder.",
)
@click.option(
    "--forge",
    type=click.Choice(["github", "gitlab", "gitea", "forgejo"]),
    help="Which forge it is, where the URL does not tell.",
)
@click.option("--forge-api", metavar="URL", help="The forge's API, where its URL does not tell.")
@cluster_options
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    place: str | None,
    forge: str | None,
    forge_api: str | None,
    context: str | None,
    kubeconfig: str | None,
    output_format: str,
) -> None:
    """Report what is installed, reachable and missing; changes nothing.

    Looks at goldenpath and its extras, Git with its author and credentials, the fleet repository with its remote, the
    forge with its token, and each cluster of the fleet. What is missing is only needed for what stands beside it.

    Ends with 0 where nothing failed, also where something is missing, and with 1 where something is there and does not
    work.
    """
    from goldenpath.cli.diagnosis import CheckState, diagnose  # noqa: PLC0415 - loads Git, which `--help` does not need

    found = []
    for check in diagnose(place, context=context, kubeconfig=kubeconfig, forge=forge, api=forge_api):
        found.append(check)
        if output_format == "text":
            _show(check)
    if output_format == "json":
        document = {"format": "doctor/v1", "checks": [check.as_dict() for check in found]}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    ctx.exit(_FAILED if any(check.state is CheckState.FAILED for check in found) else 0)


def _show(check: DoctorCheck) -> None:
    state = click.style(f"{check.state.value:<8}", fg=_COLORS[check.state.value])
    click.echo(f"{state}{check.area}/{check.name}: {check.message}")
    if check.fix:
        click.echo(f"        fix: {check.fix}")
