"""``goldenpath doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from goldenpath.cli.base_command import ExampleCommand, format_option
from goldenpath.cli.cluster_options import cluster_options
from goldenpath.cli.echo import echo_json
from goldenpath.cli.forge_options import forge_options
from goldenpath.cli.repository_options import optional_repo_option

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
@optional_repo_option
@forge_options()
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
    """Check the installation, and the servers that goldenpath needs; changes nothing.

    Checks goldenpath and its extras, Git with its author and credentials, the fleet repository with its remote, the forge
    with its token, and each cluster of the fleet. Each missing part names the purpose that needs it.

    Exit code 0: nothing failed; parts may be missing. 1: an existing part does not work.
    """
    from goldenpath.cli.diagnosis import CheckState, diagnose  # noqa: PLC0415 - loads Git, which `--help` does not need

    found = []
    for check in diagnose(place, context=context, kubeconfig=kubeconfig, forge=forge, api=forge_api):
        found.append(check)
        if output_format == "text":
            _show(check)
    if output_format == "json":
        document = {"format": "doctor/v1", "checks": [check.as_dict() for check in found]}
        echo_json(document)
    ctx.exit(_FAILED if any(check.state is CheckState.FAILED for check in found) else 0)


def _show(check: DoctorCheck) -> None:
    state = click.style(f"{check.state.value:<8}", fg=_COLORS[check.state.value])
    click.echo(f"{state}{check.area}/{check.name}: {check.message}")
    if check.fix:
        click.echo(f"        fix: {check.fix}")
