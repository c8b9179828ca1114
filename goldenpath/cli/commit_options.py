"""The options of commands that commit: limits of a change, and its review. Also prints the result of a publish."""

from __future__ import annotations

import datetime as dt
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import click

from goldenpath.cli.base_command import repeatable_option, together
from goldenpath.cli.echo import echo_json
from goldenpath.cli.forge_options import fleet_forge, forge_options
from goldenpath.cli.plan_output import plan_as_text
from goldenpath.cli.repository_options import author_option, commit_author

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.fleet import Fleet, Published, PublishOptions, Review

__all__ = [
    "approve_option",
    "change_options",
    "dry_run_option",
    "message_option",
    "publish_options_of",
    "review_of",
    "review_options",
    "show_published",
]


_REVIEW_OPTIONS: Final = (
    "pull_request", "review_branch", "forge", "forge_api", "reviewers", "labels", "draft", "overwrite_branch",
)  # fmt: skip

approve_option = click.option(
    "--approve",
    "approved",
    metavar="DIGEST",
    help="Publish only the plan with this digest; any other plan is refused.",
)

review_options = together(
    click.option(
        "--pull-request",
        is_flag=True,
        help="Commit to a branch for review, and open or update its pull request.",
    ),
    click.option("--review-branch", metavar="NAME", help="Branch for review. Default: goldenpath/<tenant>."),
    forge_options(without_forge="only the branch is pushed"),
    repeatable_option("--reviewer", "reviewers", metavar="NAME", help="A reviewer in addition to the owners"),
    repeatable_option("--label", "labels", metavar="NAME", help="Label of the pull request"),
    click.option("--draft", is_flag=True, help="Open the pull request as a draft."),
    click.option(
        "--overwrite-branch",
        is_flag=True,
        help="Move the branch for review even if it has commits of other people.",
    ),
)
"""The options of a pull request."""


message_option = click.option("--message", metavar="TEXT", help="Start of the commit message.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Show the plan, and write nothing.")

change_options = together(
    author_option,
    message_option,
    click.option(
        "--overwrite-edits", is_flag=True, help="Overwrite rendered files that were edited by hand."
    ),
    click.option(
        "--allow-removals",
        type=click.IntRange(min=0),
        metavar="N",
        help="Allow this change to remove up to N objects. Default: only a few.",
    ),
)
"""The options of every command that commits."""


def review_of(fleet: Fleet, given: Mapping[str, Any]) -> Review | None:
    """The review that the options ask for; None where the change goes to the branch itself.

    Raises:
        InputError: the URL does not show the kind of forge.
        ModuleNotFoundError: there is a forge, but httpx is not installed.
    """
    from goldenpath.fleet import Review  # noqa: PLC0415 - loads Git, which `--help` does not need

    if not given["pull_request"]:
        if used := [name for name in _REVIEW_OPTIONS if given[name]]:
            option = used[0].rstrip("s").replace("_", "-")
            raise click.UsageError(f"--{option} needs --pull-request.")
        return None
    if fleet.store.remote is None and given["forge"] not in {None, "none"}:
        message = "A folder has no forge: give --repo the repository's URL, or leave --forge out to push only the branch."
        raise click.UsageError(message)
    forge = fleet_forge(fleet, given["forge"], given["forge_api"])
    if forge is not None and find_spec("httpx") is None:
        # Refuse before the push, so that no branch without a pull request remains.
        raise ModuleNotFoundError("pull requests need httpx", name="httpx")
    return Review(
        forge=forge,
        branch=given["review_branch"],
        labels=given["labels"] or ("goldenpath",),
        reviewers=given["reviewers"],
        draft=given["draft"],
        overwrite=given["overwrite_branch"],
    )


def publish_options_of(given: Mapping[str, Any], *, upgrade: bool = False) -> PublishOptions:
    """The publish options that the options of a command set.

    Raises:
        InputError: the author is not a person's name and address.
    """
    from goldenpath.fleet import PublishOptions  # noqa: PLC0415 - loads Git, which `--help` does not need

    return PublishOptions(
        author=commit_author(given["author"]),
        message=given["message"],
        upgrade=upgrade,
        overwrite_edits=given["overwrite_edits"],
        allow_removals=given["allow_removals"],
        approved=given.get("approved"),
        today=dt.datetime.now(dt.UTC).date(),
    )


def show_published(
    published: Published, output_format: str, delivery: Mapping[str, Any] | None = None
) -> None:
    """Print the result of a publish; in JSON with the delivery of artifacts."""
    opened = published.pull_request
    if output_format == "json":
        document: dict[str, Any] = {
            "format": "published/v1",
            "branch": published.branch,
            "commit": published.commit,
            "pull_request": None
            if opened is None
            else {
                "number": opened.number,
                "url": opened.url,
                "created": opened.created,
                "updated": opened.updated,
                "warnings": list(opened.warnings),
            },
            "plan": published.plan.as_dict(),
        }
        if delivery is not None:
            document["delivery"] = delivery
        echo_json(document)
        return
    plan_as_text(published.plan)
    if published.commit is None and opened is None:
        holder = f"{published.branch} holds" if published.plan else "the repository holds"
        click.echo(f"Nothing to commit: {holder} exactly this.")
    elif published.commit is not None:
        click.echo(f"Committed {published.commit[:12]} to {published.branch}.")
    if opened is not None:
        did = "Opened" if opened.created else "Updated" if opened.updated else "Unchanged"
        click.echo(f"{did}: {opened.url}")
        for warning in opened.warnings:
            click.echo(f"{click.style('warning', fg='yellow')}: {warning}", err=True)
