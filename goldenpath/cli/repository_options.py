"""Shared by the commands on a fleet repository: its place, and the author.

Settings are read from the environment here, and nowhere below.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goldenpath import names
from goldenpath.cli.base_command import together
from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from goldenpath.errors import Problem
    from goldenpath.fleet import Fleet, Proposal, Submission
    from goldenpath.git import CommitSigner, Person

__all__ = [
    "asking_person",
    "at_option",
    "fleet_repository_here",
    "open_fleet",
    "opening",
    "read_requests",
    "repository_options",
]


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


repository_options = together(
    click.option(
        "--repo",
        "place",
        callback=_given_or_here,
        envvar="GOLDENPATH_REPO",
        show_envvar=True,
        metavar="URL|DIR",
        help="The fleet repository: a directory, or a URL that Git can reach. Default: the one of the current folder.",
    ),
    click.option(
        "--branch", metavar="NAME", help="Branch of the fleet repository; its default one otherwise."
    ),
)
"""``--repo`` and ``--branch``."""


at_option = click.option(
    "--at", metavar="COMMIT", help="Look at this commit, and not at the branch: HEAD in a checkout of CI."
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


def _signer(environment: Mapping[str, str]) -> CommitSigner | None:
    from goldenpath.git import CommitSigner  # noqa: PLC0415

    if key := environment.get(_SSH_KEY):
        return CommitSigner.ssh(Path(key))
    if key := environment.get(_GPG_KEY):
        return CommitSigner.gpg(key)
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
