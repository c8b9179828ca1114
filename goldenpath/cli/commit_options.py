"""Shared by the commands that commit: limits of a change, its review, and the output."""

from __future__ import annotations

import datetime as dt
import json
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import click

from goldenpath.cli.base_command import together
from goldenpath.cli.plan_output import plan_as_text
from goldenpath.cli.repository_options import asking_person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.fleet import Fleet, Published, PublishOptions, Review

__all__ = [
    "approve_option",
    "change_options",
    "publish_options_of",
    "review_of",
    "review_options",
    "show_published",
]


_OF_REVIEW: Final = (
    "pull_request", "review_branch", "forge", "forge_api", "reviewers", "labels", "draft", "overwrite_branch",
)  # fmt: skip

approve_option = click.option(
    "--approve",
    "approved",
    metavar="DIGEST",
    help="Publish only the plan with this digest; a plan that differs by one byte is refused.",
)

review_options = together(
    click.option(
        "--pull-request",
        is_flag=True,
        help="Put it up for review on a branch of its own, and open or update its pull request.",
    ),
    click.option("--review-branch", metavar="NAME", help="Branch for review; goldenpath/<tenant> otherwise."),
    click.option(
        "--forge",
        type=click.Choice(["github", "gitlab", "gitea", "forgejo", "none"]),
        help="Which forge it is, where the URL does not tell; with none, only the branch is pushed.",
    ),
    click.option("--forge-api", metavar="URL", help="The forge's API, where its URL does not tell."),
    click.option(
        "--reviewer",
        "reviewers",
        multiple=True,
        metavar="NAME",
        help="Person who is asked, beside the owners; may be given again.",
    ),
    click.option("--label", "labels", multiple=True, metavar="NAME", help="Label; may be given again."),
    click.option("--draft", is_flag=True, help="Open the pull request as a draft."),
    click.option(
        "--overwrite-branch",
        is_flag=True,
        help="Move the branch for review even where it has commits of other people.",
    ),
)
"""The options of a pull request."""


change_options = together(
    click.option(
        "--author",
        metavar="PERSON",
        help="The author of the commit, as 'Ada <ada@example.org>'. Default: from Git's settings.",
    ),
    click.option("--message", metavar="TEXT", help="First words of the commit's message."),
    click.option(
        "--overwrite-edits", is_flag=True, help="Write over rendered files that were edited by hand."
    ),
    click.option(
        "--allow-removals",
        type=click.IntRange(min=0),
        metavar="N",
        help="Let this change remove up to N objects; without it only a few.",
    ),
)
"""The options of every command that commits."""


def review_of(fleet: Fleet, said: Mapping[str, Any]) -> Review | None:
    """How the change is put up for review, or None where it goes to the branch itself.

    Raises:
        InputError: the URL does not tell which forge it is.
        ModuleNotFoundError: there is a forge, and nothing to speak to it with.
    """
    from goldenpath.fleet import Review  # noqa: PLC0415 - loads Git, which `--help` does not need
    from goldenpath.forges import forge_of  # noqa: PLC0415

    if not said["pull_request"]:
        if given := [name for name in _OF_REVIEW if said[name]]:
            option = given[0].rstrip("s").replace("_", "-")
            raise click.UsageError(f"--{option} needs --pull-request.")
        return None
    url = fleet.store.remote.url if fleet.store.remote is not None else None
    if url is None and said["forge"] not in {None, "none"}:
        message = "A folder has no forge: give --repo the repository's URL, or leave --forge out for the branch alone."
        raise click.UsageError(message)
    is_plain = said["forge"] == "none" or url is None
    forge = (
        None
        if is_plain or url is None
        else forge_of(url, kind=said["forge"], api=said["forge_api"], environment=os.environ)
    )
    if forge is not None and find_spec("httpx") is None:
        # Refused now, before a branch without its pull request could remain.
        raise ModuleNotFoundError("pull requests need httpx", name="httpx")
    return Review(
        forge=forge,
        branch=said["review_branch"],
        labels=said["labels"] or ("goldenpath",),
        reviewers=said["reviewers"],
        draft=said["draft"],
        overwrite=said["overwrite_branch"],
    )


def publish_options_of(said: Mapping[str, Any], *, upgrade: bool = False) -> PublishOptions:
    """What the options of a command allow.

    Raises:
        InputError: the author is not a person's name and address.
    """
    from goldenpath.fleet import PublishOptions  # noqa: PLC0415 - loads Git, which `--help` does not need

    return PublishOptions(
        author=asking_person(said["author"]),
        message=said["message"],
        upgrade=upgrade,
        overwrite_edits=said["overwrite_edits"],
        allow_removals=said["allow_removals"],
        approved=said.get("approved"),
        today=dt.datetime.now(dt.UTC).date(),
    )


def show_published(
    published: Published, output_format: str, delivery: Mapping[str, Any] | None = None
) -> None:
    """Say what was done; in JSON also about artifacts, as plain data."""
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
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
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
