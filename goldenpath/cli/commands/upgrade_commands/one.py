"""``goldenpath upgrade one``, which is also ``goldenpath upgrade GOLDEN_PATH NAME``."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.commit_options import (
    dry_run_option,
    message_option,
    review_of,
    review_options,
    show_published,
)
from goldenpath.cli.repository_options import author_option, commit_author, fleet_command
from goldenpath.cli.upgrade_options import agreement_of, agreement_options, keep_option, to_option

if TYPE_CHECKING:
    from goldenpath.cli.repository_options import FleetTarget


@click.command(
    name="one",
    cls=ExampleCommand,
    examples=(
        "goldenpath upgrade one tenant/v1 vision --repo . --dry-run",
        "goldenpath upgrade tenant/v1 vision --repo . --approved-by platform-team --reason 'Agreed' --expires 2027-06-30",
        "goldenpath upgrade platform/v1 eu-central --to 1.1.0 --repo https://git.example.org/platform/fleet.git --pull-request",
    ),
)
@click.argument("golden_path")
@click.argument("name")
@to_option
@dry_run_option
@agreement_options
@keep_option
@message_option
@author_option
@review_options
@click.pass_context
@fleet_command("text", "json", "markdown", has_at=False)
def command(
    ctx: click.Context,
    /,
    *,
    golden_path: str,
    name: str,
    target: FleetTarget,
    to: str | None,
    dry_run: bool,
    approved_by: str | None,
    reason: str | None,
    expires: dt.datetime | None,
    keep_overrides: bool,
    message: str | None,
    author: str | None,
    output_format: str,
    **review: object,
) -> None:
    """Upgrade one tenant, workload or cluster now; the word `one` can be left out.

    NAME is a tenant, a workload (`tenant/name`), or for a platform's golden path a cluster. With --approved-by, --reason
    and --expires, hand edits of rendered files become overrides of the request. If the new version contradicts an edit, the
    command shows both values and writes nothing (exit code 2).
    """
    from goldenpath.cli.upgrade_output import show_upgrade_plan  # noqa: PLC0415 - `--help` needs no plan
    from goldenpath.fleet import PublishOptions  # noqa: PLC0415
    from goldenpath.upgrades import Upgrader, UpgradeReadiness  # noqa: PLC0415

    with target.open() as fleet:
        upgrader = Upgrader(
            fleet,
            golden_path,
            to=to,
            agreement=agreement_of(approved_by, reason, expires),
            keep_overrides=keep_overrides,
            today=dt.datetime.now(dt.UTC).date(),
        )
        if dry_run:
            plan = upgrader.plan_one(name)
        else:
            options = PublishOptions(author=commit_author(author), message=message)
            published = upgrader.publish([name], options=options, review=review_of(fleet, review))
    if not dry_run:
        show_published(published, "json" if output_format == "json" else "text")
        return
    show_upgrade_plan(plan, output_format)
    ready = (UpgradeReadiness.READY, UpgradeReadiness.UP_TO_DATE)
    ctx.exit(0 if all(each.readiness in ready for each in plan.upgrades) else 2)
