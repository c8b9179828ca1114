"""The options of the commands of ``goldenpath upgrade``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import repeatable_option, together

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
    "--to", metavar="VERSION", help="Exact version. Default: the newest of the major version."
)

keep_option = click.option(
    "--keep-overrides",
    is_flag=True,
    help="Keep overrides of requests even if the new version changes the same field.",
)


agreement_options = together(
    click.option("--approved-by", metavar="GROUP", help="The person who approved that hand edits stay."),
    click.option(
        "--reason", metavar="TEXT", help="The reason why hand edits stay, as overrides of the request."
    ),
    click.option(
        "--expires",
        type=click.DateTime(["%Y-%m-%d"]),
        metavar="DAY",
        help="The day until which hand edits stay.",
    ),
)
"""``--approved-by``, ``--reason`` and ``--expires``, which turn hand edits into overrides."""


selection_options = together(
    click.option(
        "--tenants",
        "names",
        multiple=True,
        metavar="NAMES",
        help="Only these tenants, separated by commas, with `*` as a wildcard. Workloads as tenant/name; clusters for a platform.",
    ),
    click.option("--owner", metavar="GROUP", help="Only tenants and workloads of this owner."),
    repeatable_option(
        "--label",
        "labels",
        metavar="KEY=VALUE",
        help="Only tenants with this label (environment, cost-center, region, or a label of all their clusters)",
    ),
)
"""``--tenants``, ``--owner`` and ``--label``."""


def agreement_of(
    approved_by: str | None, reason: str | None, expires: dt.datetime | None
) -> Agreement | None:
    """The agreement about hand edits; None if none of its options is set.

    Raises:
        InputError: some of its options are missing.
    """
    from goldenpath.upgrades import Agreement  # noqa: PLC0415 - loads Git, which `--help` does not need

    return Agreement.of(approved_by, reason, expires.date() if expires else None)


def selection_of(names: tuple[str, ...], owner: str | None, labels: tuple[str, ...]) -> Selection:
    """The tenants, workloads or platforms that the options select.

    Raises:
        InputError: a label is not `key=value`.
    """
    from goldenpath.upgrades import Selection  # noqa: PLC0415

    return Selection.of(names, owner, labels)
