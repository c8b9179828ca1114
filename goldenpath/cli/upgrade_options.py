"""Shared by the commands of ``goldenpath upgrade``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import together

if TYPE_CHECKING:
    import datetime as dt

    from goldenpath.upgrades import Agreement, Selection

__all__ = [
    "agreement_of",
    "agreement_options",
    "keep_option",
    "selection_of",
    "selection_options",
    "to_option",
]


to_option = click.option(
    "--to", metavar="VERSION", help="Exact version; the newest of the major version otherwise."
)

keep_option = click.option(
    "--keep-overrides",
    is_flag=True,
    help="Keep overrides of the requests also where the new version changes the same field.",
)


agreement_options = together(
    click.option("--approved-by", metavar="GROUP", help="The person who agreed that hand edits stay."),
    click.option("--reason", metavar="TEXT", help="Why hand edits stay, as overrides of the request."),
    click.option(
        "--expires", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="Until when hand edits stay."
    ),
)
"""``--approved-by``, ``--reason`` and ``--expires``: what makes an override of a hand edit."""


selection_options = together(
    click.option(
        "--tenants",
        "names",
        multiple=True,
        metavar="NAMES",
        help="Only these, separated by commas; `*` stands for anything. Workloads as tenant/name; clusters for a platform.",
    ),
    click.option("--owner", metavar="GROUP", help="Only those of this owner."),
    click.option(
        "--label",
        "labels",
        multiple=True,
        metavar="KEY=VALUE",
        help="Only those with this label (environment, cost-center, region, or one of all their clusters); may be given again.",
    ),
)
"""``--tenants``, ``--owner`` and ``--label``."""


def agreement_of(
    approved_by: str | None, reason: str | None, expires: dt.datetime | None
) -> Agreement | None:
    """The agreement that was given; None where nothing of it was.

    Raises:
        InputError: a part of it is missing.
    """
    from goldenpath.upgrades import Agreement  # noqa: PLC0415 - loads Git, which `--help` does not need

    return Agreement.of(approved_by, reason, expires.date() if expires else None)


def selection_of(names: tuple[str, ...], owner: str | None, labels: tuple[str, ...]) -> Selection:
    """Which owners are meant.

    Raises:
        InputError: a label is not `key=value`.
    """
    from goldenpath.upgrades import Selection  # noqa: PLC0415

    return Selection.of(names, owner, labels)
