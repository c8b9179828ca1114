"""``goldenpath upgrade``."""

from __future__ import annotations

from typing import Final

import click

from goldenpath.cli.lazy_group import LazyGroup

SUMMARIES: Final = {
    "one": "Upgrade one tenant, workload or cluster now; the word `one` can be left out.",
    "plan": "Show what upgrading many would do, in groups that change alike.",
    "start": "Start an upgrade in waves, up to the first gate.",
    "status": "Show how far an upgrade in waves is.",
    "resume": "Go on with an upgrade: after a gate, a pause, or a crash.",
    "pause": "Start no further wave until the upgrade is resumed.",
    "abort": "Start no further wave at all.",
    "rollback": "Give the members of a wave the version that they had, in a new commit.",
}
"""The commands of the group, in the order in which a person meets them."""


class _UpgradeGroup(LazyGroup):
    """`goldenpath upgrade tenant/v1 vision` is `goldenpath upgrade one tenant/v1 vision`."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, "one" if "/" in cmd_name else cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and "/" in args[0]:
            args = ["one", *args]
        return super().resolve_command(ctx, args)


@click.group(
    name="upgrade", cls=_UpgradeGroup, package="goldenpath.cli.commands.upgrade_commands", summaries=SUMMARIES
)
def command() -> None:
    """Bring tenants, workloads and platforms to another version of their golden path; hand edits are kept."""
