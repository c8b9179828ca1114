"""The options that name a forge, and the forge of a fleet repository."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

from goldenpath.cli.base_command import together

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.fleet import Fleet
    from goldenpath.forges import Forge

__all__ = ["FORGES", "fleet_forge", "forge_options"]

FORGES: Final = ("github", "gitlab", "gitea", "forgejo")


def forge_options(*, without_forge: str = "") -> Callable[[Any], Any]:
    """``--forge`` and ``--forge-api``; ``without_forge`` describes the value ``none``, where a command has it."""
    kinds = (*FORGES, "none") if without_forge else FORGES
    none = f"; with none, {without_forge}" if without_forge else ""
    return together(
        click.option(
            "--forge", type=click.Choice(kinds), help=f"The kind of forge, if its URL does not show it{none}."
        ),
        click.option("--forge-api", metavar="URL", help="The forge's API, if its URL does not show it."),
    )


def fleet_forge(fleet: Fleet, kind: str | None = None, api: str | None = None) -> Forge | None:
    """The forge of the fleet's remote, with the token of the environment; None for a plain Git repository.

    Raises:
        InputError: the URL does not show the kind of forge.
    """
    from goldenpath.forges import forge_of  # noqa: PLC0415 - `--help` needs no forge

    remote = fleet.store.remote
    if remote is None or kind == "none":
        return None
    return forge_of(remote.url, kind=kind, api=api, environment=os.environ)
