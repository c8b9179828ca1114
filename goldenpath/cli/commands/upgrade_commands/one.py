"""``goldenpath upgrade one``, which is also ``goldenpath upgrade GOLDEN_PATH NAME``."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.commit_options import review_of, review_options, show_published
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.repository_options import asking_person, open_fleet, repository_options
from goldenpath.cli.upgrade_options import agreement_of, agreement_options, keep_option, to_option

if TYPE_CHECKING:
    from pathlib import Path


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
@repository_options
@to_option
@click.option("--dry-run", is_flag=True, help="Show what would be done, and write nothing.")
@agreement_options
@keep_option
@click.option("--message", metavar="TEXT", help="First words of the commit's message.")
@click.option("--author", metavar="PERSON", help="The author of the commit, as 'Ada <ada@example.org>'.")
@review_options
@library_option
@format_option("text", "json", "markdown")
@click.pass_context
@in_the_format_asked_for
def command(
    ctx: click.Context,
    /,
    *,
    golden_path: str,
    name: str,
    place: str,
    branch: str | None,
    to: str | None,
    dry_run: bool,
    approved_by: str | None,
    reason: str | None,
    expires: dt.datetime | None,
    keep_overrides: bool,
    message: str | None,
    author: str | None,
    libraries: tuple[Path, ...],
    output_format: str,
    **review: object,
) -> None:
    """Upgrade one tenant, workload or cluster now; the word `one` can be left out.

    NAME is a tenant, a workload (`tenant/name`), or for a platform's golden path a cluster. What was edited by hand in
    rendered files becomes an override of the request, with --approved-by, --reason and --expires. An edit that the new
    version contradicts is a conflict: both values are shown, and nothing is written (exit code 2).
    """
    from goldenpath.cli.upgrade_output import show_upgrade_plan  # noqa: PLC0415 - `--help` needs no plan
    from goldenpath.fleet import PublishOptions  # noqa: PLC0415
    from goldenpath.upgrades import Upgrader, UpgradeReadiness  # noqa: PLC0415

    with open_fleet(place, branch, libraries) as fleet:
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
            options = PublishOptions(author=asking_person(author), message=message)
            published = upgrader.publish([name], options=options, review=review_of(fleet, review))
    if not dry_run:
        show_published(published, "json" if output_format == "json" else "text")
        return
    show_upgrade_plan(plan, output_format)
    ready = (UpgradeReadiness.READY, UpgradeReadiness.UP_TO_DATE)
    ctx.exit(0 if all(each.readiness in ready for each in plan.upgrades) else 2)
