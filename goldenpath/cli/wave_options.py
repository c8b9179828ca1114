"""The options of commands on changes in waves, the runner of the waves, and its progress."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any, Final

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option, together
from goldenpath.cli.cluster_options import cluster_options, connections
from goldenpath.cli.echo import echo_json, echo_lines
from goldenpath.cli.error_output import report_refusals
from goldenpath.cli.forge_options import fleet_forge, forge_options
from goldenpath.cli.repository_options import author_option, commit_author, open_fleet, repository_options
from goldenpath.cli.tables import table
from goldenpath.cli.upgrade_options import to_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from goldenpath.changes import ChangeWaves
    from goldenpath.fleet import Fleet
    from goldenpath.upgrades import UpgradeWaves
    from goldenpath.waves import Progress
    from goldenpath.waves.owner_health import HealthGate

    OpenWaves = Callable[..., contextlib.AbstractContextManager[Any]]

__all__ = [
    "change_wave_command",
    "open_upgrade_waves",
    "open_wave_runner",
    "reason_option",
    "show_progress",
    "upgrade_wave_command",
    "wave_options",
]


wave_options = together(
    repository_options,
    cluster_options,
    author_option,
    forge_options(without_forge="only branches are pushed"),
    library_option,
    format_option("text", "json"),
)
"""The options of each command on a change in waves."""

reason_option = click.option("--reason", required=True, metavar="TEXT", help="The reason, which is recorded.")
_RUNNER_OPTIONS: Final = (
    "place", "branch", "context", "kubeconfig", "author", "forge", "forge_api", "libraries",
)  # fmt: skip


@contextlib.contextmanager
def open_upgrade_waves(golden_path: str, to: str | None, **options: Any) -> Iterator[UpgradeWaves]:
    """Open the runner of an upgrade in waves; see :func:`open_wave_runner`."""
    from goldenpath.upgrades import UpgradeWaves  # noqa: PLC0415 - loads Git, which `--help` does not need

    with open_wave_runner(**options) as (fleet, parts):
        yield UpgradeWaves(fleet, golden_path, to, **parts)


@contextlib.contextmanager
def _open_change_waves(change: str, **options: Any) -> Iterator[ChangeWaves]:
    from goldenpath.changes import ChangeWaves  # noqa: PLC0415 - loads Git, which `--help` does not need

    with open_wave_runner(**options) as (fleet, parts):
        yield ChangeWaves(fleet, change, **parts)


def upgrade_wave_command(
    name: str, *options: Callable[[Any], Any], examples: tuple[str, ...], checks_health: bool = False
) -> Callable[[Callable[..., Progress]], click.Command]:
    """Make a command on an upgrade in waves.

    The function gets the runner and the values of ``options``. The command shows the progress that it returns.
    """
    given = (click.argument("golden_path"), *options, to_option)
    return _wave_command(
        name, open_upgrade_waves, ("golden_path", "to"), given, examples=examples, checks_health=checks_health
    )


def change_wave_command(
    name: str, *options: Callable[[Any], Any], examples: tuple[str, ...], checks_health: bool = False
) -> Callable[[Callable[..., Progress]], click.Command]:
    """Make a command on a change set in waves, as :func:`upgrade_wave_command` does for an upgrade."""
    given = (click.argument("change", metavar="CHANGE"), *options)
    return _wave_command(
        name, _open_change_waves, ("change",), given, examples=examples, checks_health=checks_health
    )


def _wave_command(
    name: str,
    open_waves: OpenWaves,
    subject: tuple[str, ...],
    options: tuple[Callable[[Any], Any], ...],
    *,
    examples: tuple[str, ...],
    checks_health: bool,
) -> Callable[[Callable[..., Progress]], click.Command]:
    def decorate(function: Callable[..., Progress]) -> click.Command:
        @functools.wraps(function)
        def run(*, output_format: str, **given: Any) -> None:
            opened = {option: given.pop(option) for option in (*subject, *_RUNNER_OPTIONS)}
            with open_waves(checks_health=checks_health, **opened) as waves:
                progress = function(waves, **given)
            show_progress(progress, output_format)

        decorated = together(*options, wave_options)(report_refusals(run))
        return click.command(name=name, cls=ExampleCommand, examples=examples)(decorated)

    return decorate


@contextlib.contextmanager
def open_wave_runner(
    *,
    place: str,
    branch: str | None,
    context: str | None,
    kubeconfig: str | None,
    author: str | None,
    forge: str | None,
    forge_api: str | None,
    libraries: tuple[Path, ...],
    checks_health: bool = True,
) -> Iterator[tuple[Fleet, dict[str, Any]]]:
    """Open the fleet, and build the arguments of a wave runner.

    With ``checks_health``, the runner connects to clusters when a wave asks for their health.

    Raises:
        InputError: a cluster has no context, or the kind of forge is unknown.
    """
    from goldenpath.waves.flux_health import FluxHealth  # noqa: PLC0415 - loads Git, which `--help` does not need
    from goldenpath.waves.forge_pace import ForgePace  # noqa: PLC0415
    from goldenpath.waves.owner_health import no_gate  # noqa: PLC0415

    with open_fleet(place, branch, libraries) as fleet, contextlib.ExitStack() as stack:
        gate: HealthGate = no_gate
        if checks_health:

            def connect(clusters: list[str]) -> Any:
                return stack.enter_context(connections(clusters, context=context, kubeconfig=kubeconfig))

            gate = FluxHealth(fleet, connect)
        yield (
            fleet,
            {
                "forge": fleet_forge(fleet, forge, forge_api),
                "gate": gate,
                "pace": ForgePace(),
                "author": commit_author(author),
            },
        )


def show_progress(progress: Progress, output_format: str) -> None:
    """Print the progress of a change in waves."""
    if output_format == "json":
        echo_json(progress.as_dict())
        return
    click.echo(f"{progress.title[:1].upper()}{progress.title[1:]}: {progress.phase}")
    rows: list[tuple[str, ...]] = [("WAVE", "NAME", "STATE", "HEALTH", "WHY")]
    for wave in progress.waves:
        for member in wave.members:
            health = member.health.state.value if member.health else "-"
            why = member.why or (member.health.why if member.health else "")
            rows.append((wave.name, member.name, member.state.value, health, why))
    if len(rows) > 1:
        echo_lines(table(rows))
    if progress.waits_for:
        click.echo(f"Waits for {progress.waits_for}." if progress.phase == "running" else progress.waits_for)
    elif progress.waves and progress.is_complete:
        click.echo("Complete.")
