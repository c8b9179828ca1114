"""``goldenpath upgrade``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.cli.lazy_group import LazyGroup, command_group

if TYPE_CHECKING:
    import click


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


command = command_group(
    "upgrade",
    "Upgrade tenants, workloads and platforms to another version of their golden path; hand edits are kept.",
    {
        "one": "Upgrade one tenant, workload or cluster now; the word `one` can be left out.",
        "plan": "Show the effects of many upgrades, in groups that change alike.",
        "start": "Start an upgrade in waves, up to the first gate.",
        "status": "Show the progress of an upgrade in waves.",
        "resume": "Continue an upgrade after a gate, a pause or a crash.",
        "pause": "Start no further wave until the upgrade is resumed.",
        "abort": "Stop an upgrade in waves for good.",
        "rollback": "Return the members of a wave to their earlier version, in a new commit.",
    },
    cls=_UpgradeGroup,
)
