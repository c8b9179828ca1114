"""What the commands on a fleet repository have in common: where it is, who asks, and how a change is allowed.

Settings are read from the environment here, and nowhere below.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from goldenpath.fleet import Fleet
    from goldenpath.publish.git import Person, Signer

__all__ = ["asking_person", "change_options", "open_fleet", "repository_options"]

F = TypeVar("F", bound="Callable[..., Any]")

_COMMITTER = "GOLDENPATH_COMMITTER"
_SSH_KEY = "GOLDENPATH_SSH_SIGNING_KEY"
_GPG_KEY = "GOLDENPATH_GPG_SIGNING_KEY"


def repository_options(function: F) -> F:
    """``--repo`` and ``--branch``."""
    for option in (
        click.option(
            "--branch", metavar="NAME", help="Branch of the fleet repository; its default one otherwise."
        ),
        click.option(
            "--repo",
            "place",
            required=True,
            envvar="GOLDENPATH_REPO",
            show_envvar=True,
            metavar="URL|DIR",
            help="The fleet repository: a directory, or a URL that Git can reach.",
        ),
    ):
        function = option(function)
    return function


def change_options(function: F) -> F:
    """What every command that commits can be told."""
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


def open_fleet(place: str, branch: str | None, libraries: tuple[Path, ...]) -> Fleet:
    """The fleet repository, with the credentials, committer and signing key of the environment.

    Raises:
        InputError: it is not there, or holds no fleet.
        RepositoryError: Git cannot use it.
    """
    from goldenpath.fleet import Fleet  # noqa: PLC0415 - loads Git, which `--help` does not need
    from goldenpath.paths import Library  # noqa: PLC0415
    from goldenpath.publish.git import Credentials, Person  # noqa: PLC0415

    environment = os.environ
    committer = environment.get(_COMMITTER)
    return Fleet.open(
        place,
        branch=branch,
        library=Library(libraries),
        credentials=Credentials.from_environment(environment),
        committer=Person.parse(committer) if committer else None,
        signer=_signer(environment),
    )


def _signer(environment: Mapping[str, str]) -> Signer | None:
    from goldenpath.publish.git import Signer  # noqa: PLC0415

    if key := environment.get(_SSH_KEY):
        return Signer.ssh(Path(key))
    if key := environment.get(_GPG_KEY):
        return Signer.gpg(key)
    return None


def asking_person(author: str | None) -> Person | None:
    """Who asks: as given, else as Git's own settings name the person at this machine, if they do.

    Raises:
        InputError: what was given names nobody.
    """
    from goldenpath.publish.git import Person  # noqa: PLC0415

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
