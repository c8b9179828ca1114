"""Shared by the commands on changes in waves: the runner, its gate, and the progress."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import format_option, library_option, together
from goldenpath.cli.cluster_options import cluster_options, connections
from goldenpath.cli.repository_options import asking_person, open_fleet, repository_options
from goldenpath.cli.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.changes import ChangeWaves
    from goldenpath.fleet import Fleet
    from goldenpath.forges import Forge
    from goldenpath.upgrades import UpgradeWaves
    from goldenpath.waves import Progress
    from goldenpath.waves.owner_health import HealthGate

__all__ = ["changing", "running", "show_progress", "wave_machinery", "wave_options"]


wave_options = together(
    repository_options,
    cluster_options,
    click.option("--author", metavar="PERSON", help="The author of the commits, as 'Ada <ada@example.org>'."),
    click.option(
        "--forge",
        type=click.Choice(["github", "gitlab", "gitea", "forgejo", "none"]),
        help="Which forge it is, where the URL does not tell; with none, only branches are pushed.",
    ),
    click.option("--forge-api", metavar="URL", help="The forge's API, where its URL does not tell."),
    library_option,
    format_option("text", "json"),
)
"""The options of each command that looks at a change in waves, or goes on with it."""


@contextlib.contextmanager
def running(golden_path: str, *, to: str | None, **options: Any) -> Iterator[UpgradeWaves]:
    """What carries an upgrade out; see :func:`wave_machinery`."""
    from goldenpath.upgrades import UpgradeWaves  # noqa: PLC0415 - loads Git, which `--help` does not need

    with wave_machinery(**options) as (fleet, machinery):
        yield UpgradeWaves(fleet, golden_path, to, **machinery)


@contextlib.contextmanager
def changing(change: str, **options: Any) -> Iterator[ChangeWaves]:
    """What carries a change set out; see :func:`wave_machinery`."""
    from goldenpath.changes import ChangeWaves  # noqa: PLC0415 - loads Git, which `--help` does not need

    with wave_machinery(**options) as (fleet, machinery):
        yield ChangeWaves(fleet, change, **machinery)


@contextlib.contextmanager
def wave_machinery(
    *,
    place: str,
    branch: str | None,
    context: str | None,
    kubeconfig: str | None,
    author: str | None,
    forge: str | None,
    forge_api: str | None,
    libraries: tuple[Path, ...],
    looks: bool = True,
) -> Iterator[tuple[Fleet, dict[str, Any]]]:
    """The fleet, and what a wave runner takes: with connections to clusters where waves ask for health (``looks``).

    Raises:
        InputError: a cluster has no context, or the forge is not known.
    """
    from goldenpath.waves.flux_health import FluxHealth  # noqa: PLC0415 - loads Git, which `--help` does not need
    from goldenpath.waves.forge_pace import ForgePace  # noqa: PLC0415
    from goldenpath.waves.owner_health import no_gate  # noqa: PLC0415

    with open_fleet(place, branch, libraries) as fleet, contextlib.ExitStack() as stack:
        gate: HealthGate = no_gate
        if looks:

            def connect(clusters: list[str]) -> Any:
                return stack.enter_context(connections(clusters, context=context, kubeconfig=kubeconfig))

            gate = FluxHealth(fleet, connect)
        yield (
            fleet,
            {
                "forge": _forge(fleet, forge, forge_api),
                "gate": gate,
                "pace": ForgePace(),
                "author": asking_person(author),
            },
        )


def _forge(fleet: Fleet, kind: str | None, api: str | None) -> Forge | None:
    from goldenpath.forges import forge_of  # noqa: PLC0415

    url = fleet.store.remote.url if fleet.store.remote is not None else None
    if kind == "none" or url is None:
        return None
    return forge_of(url, kind=kind, api=api, environment=os.environ)


def show_progress(progress: Progress, output_format: str) -> None:
    """Print how far a change in waves is."""
    if output_format == "json":
        click.echo(json.dumps(progress.as_dict(), indent=2, ensure_ascii=False))
        return
    click.echo(f"{progress.title[:1].upper()}{progress.title[1:]}: {progress.phase}")
    rows: list[tuple[str, ...]] = [("WAVE", "NAME", "STATE", "HEALTH", "WHY")]
    for wave in progress.waves:
        for member in wave.members:
            health = member.health.state.value if member.health else "-"
            why = member.why or (member.health.why if member.health else "")
            rows.append((wave.name, member.name, member.state.value, health, why))
    if len(rows) > 1:
        for line in table(rows):
            click.echo(line)
    if progress.waits_for:
        click.echo(f"Waits for {progress.waits_for}." if progress.phase == "running" else progress.waits_for)
    elif progress.waves and progress.is_complete:
        click.echo("Complete.")
