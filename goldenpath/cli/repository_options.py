"""What the commands on a fleet repository have in common: where it is, who asks, and how a change is allowed.

Settings are read from the environment here, and nowhere below.
"""

from __future__ import annotations

import json
import os
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from goldenpath import names
from goldenpath.cli.plan_output import plan_as_text
from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from goldenpath.errors import Problem
    from goldenpath.fleet import Fleet, Proposal, Published, Review, Submission
    from goldenpath.git import Person, Signer

__all__ = [
    "asking_person",
    "at_option",
    "change_options",
    "fleet_repository_here",
    "open_fleet",
    "opening",
    "read_requests",
    "repository_options",
    "review_of",
    "review_options",
    "show_published",
]

F = TypeVar("F", bound="Callable[..., Any]")

_COMMITTER = "GOLDENPATH_COMMITTER"
_SSH_KEY = "GOLDENPATH_SSH_SIGNING_KEY"
_GPG_KEY = "GOLDENPATH_GPG_SIGNING_KEY"


def fleet_repository_here() -> Path:
    """The fleet repository whose work tree the current folder is in.

    Raises:
        InputError: the current folder is in no Git work tree, or in one that has no fleet file at its top.
    """
    here = Path.cwd()
    top = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), None)
    if top is None:
        message = "no Git repository is here or in a folder above"
    elif not (top / names.FLEET_FILE).is_file():
        message = f"the Git repository here has no {names.FLEET_FILE} at its top"
    else:
        return top
    message += "; change to the fleet repository's folder, or name it with --repo URL|DIR or GOLDENPATH_REPO"
    raise InputError.of("--repo", "required", message, None if top is None else str(top))


def _given_or_here(ctx: click.Context, _: click.Parameter, given: str | None) -> str | None:
    if given or ctx.resilient_parsing:
        return given
    return str(fleet_repository_here())


def repository_options(function: F) -> F:
    """``--repo`` and ``--branch``."""
    for option in (
        click.option(
            "--branch", metavar="NAME", help="Branch of the fleet repository; its default one otherwise."
        ),
        click.option(
            "--repo",
            "place",
            callback=_given_or_here,
            envvar="GOLDENPATH_REPO",
            show_envvar=True,
            metavar="URL|DIR",
            help="The fleet repository: a directory, or a URL that Git can reach. Default: the one of the current folder.",
        ),
    ):
        function = option(function)
    return function


at_option = click.option(
    "--at", metavar="COMMIT", help="Look at this commit, and not at the branch: HEAD in a checkout of CI."
)


def change_options(function: F) -> F:
    """The options of every command that commits."""
    for option in (
        click.option(
            "--allow-removals",
            type=click.IntRange(min=0),
            metavar="N",
            help="Let this change remove up to N objects; without it only a few.",
        ),
        click.option(
            "--overwrite-edits", is_flag=True, help="Write over rendered files that were edited by hand."
        ),
        click.option("--message", metavar="TEXT", help="First words of the commit's message."),
        click.option(
            "--author",
            metavar="PERSON",
            help="Who asks for this, as 'Ada <ada@example.org>'; else whom Git's settings name.",
        ),
    ):
        function = option(function)
    return function


def review_options(function: F) -> F:
    """The options of a pull request."""
    for option in (
        click.option(
            "--overwrite-branch",
            is_flag=True,
            help="Move the branch for review also where somebody else has committed to it.",
        ),
        click.option("--draft", is_flag=True, help="Open the pull request as a draft."),
        click.option("--label", "labels", multiple=True, metavar="NAME", help="Label; may be given again."),
        click.option(
            "--reviewer",
            "reviewers",
            multiple=True,
            metavar="NAME",
            help="Person who is asked, beside the owners; may be given again.",
        ),
        click.option("--forge-api", metavar="URL", help="The forge's API, where its URL does not tell."),
        click.option(
            "--forge",
            type=click.Choice(["github", "gitlab", "gitea", "forgejo", "none"]),
            help="Which forge it is, where the URL does not tell; with none, only the branch is pushed.",
        ),
        click.option(
            "--review-branch", metavar="NAME", help="Branch for review; goldenpath/<tenant> otherwise."
        ),
        click.option(
            "--pull-request",
            is_flag=True,
            help="Put it up for review on a branch of its own, and open or update its pull request.",
        ),
    ):
        function = option(function)
    return function


def review_of(fleet: Fleet, said: Mapping[str, Any]) -> Review | None:
    """How the change is put up for review, or None where it goes to the branch itself.

    Raises:
        InputError: the URL does not tell which forge it is.
        ModuleNotFoundError: there is a forge, and nothing to speak to it with.
    """
    from goldenpath.fleet import Review  # noqa: PLC0415 - loads Git, which `--help` does not need
    from goldenpath.forges import forge_of  # noqa: PLC0415

    if not said["pull_request"]:
        if given := [name for name, value in said.items() if value]:
            option = given[0].rstrip("s").replace("_", "-")
            raise click.UsageError(f"--{option} goes with --pull-request.")
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


def read_requests(
    names: tuple[str, ...], look_at: Callable[[list[Submission]], Proposal]
) -> list[Submission]:
    """The documents that a person names.

    Args:
        names: the files.
        look_at: asked what is wrong with those that can be read where others cannot: a person sees every problem
            at once.

    Raises:
        InputError: one cannot be read, or holds several documents; every problem of all of them.
    """
    from goldenpath.cli.editor_schema import without_modeline  # noqa: PLC0415
    from goldenpath.cli.input_files import each_file_once, read_source  # noqa: PLC0415 - `--help` needs no files
    from goldenpath.fleet import Submission  # noqa: PLC0415

    requests: list[Submission] = []
    problems: list[Problem] = []
    for name in each_file_once(names):
        try:
            source = read_source(name)
            text = without_modeline(source.text.removeprefix("\ufeff"))
            requests.append(Submission(source.only(), text, source.name))
        except InputError as error:
            problems += error.problems
    if problems:
        if requests:
            try:
                problems += look_at(requests).problems
            except InputError as error:
                problems += error.problems
        raise InputError(problems)
    return requests


def show_published(published: Published, output_format: str) -> None:
    """Say what was done."""
    opened = published.pull_request
    if output_format == "json":
        document = {
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


def open_fleet(
    place: str, branch: str | None, libraries: tuple[Path, ...], *, at: str | None = None
) -> Fleet:
    """The fleet repository, with the credentials, committer and signing key of the environment.

    Raises:
        InputError: the branch's name is not valid, or there is no such commit.
        RepositoryError: there is no repository, or Git cannot use it.
    """
    from goldenpath.fleet import Fleet  # noqa: PLC0415 - loads Git, which `--help` does not need

    return Fleet.open(place, branch=branch, at=at, **opening(libraries))


def opening(libraries: tuple[Path, ...]) -> dict[str, Any]:
    """What the environment says about opening a fleet repository.

    Raises:
        InputError: the committer or a credential in it cannot be used.
    """
    from goldenpath.git import Credentials, Person  # noqa: PLC0415
    from goldenpath.paths import Library  # noqa: PLC0415 - loads what `--help` does not need

    committer = os.environ.get(_COMMITTER)
    return {
        "library": Library(libraries),
        "credentials": Credentials.from_environment(os.environ),
        "committer": Person.parse(committer) if committer else None,
        "signer": _signer(os.environ),
    }


def _signer(environment: Mapping[str, str]) -> Signer | None:
    from goldenpath.git import Signer  # noqa: PLC0415

    if key := environment.get(_SSH_KEY):
        return Signer.ssh(Path(key))
    if key := environment.get(_GPG_KEY):
        return Signer.gpg(key)
    return None


def asking_person(author: str | None) -> Person | None:
    """Who asks: as given, else as Git's own settings name the person at this machine, if they do.

    Raises:
        InputError: the text is not a person's name and address.
    """
    from goldenpath.git import Person  # noqa: PLC0415

    if author is not None:
        try:
            return Person.parse(author)
        except InputError as error:
            problem = error.problems[0]
            raise InputError.of("--author", problem.rule, problem.message, author) from None
    name, email = (_git_setting(key) for key in ("user.name", "user.email"))
    return Person(name, email) if name and email else None


def _git_setting(key: str) -> str:
    done = subprocess.run(  # noqa: S603 - no word of it comes from outside
        ["git", "config", "--get", key],  # noqa: S607 - the git that the person uses
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    return done.stdout.strip()
