"""The options of commands on a fleet repository, and its settings in the environment.

Only this package reads the environment; the library gets values.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import click

from goldenpath import names
from goldenpath.cli.base_command import format_option, library_option, together
from goldenpath.cli.error_output import report_refusals
from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from goldenpath.errors import Problem
    from goldenpath.fleet import Fleet, Proposal, Submission
    from goldenpath.git import CommitSigner, Person

__all__ = [
    "FleetTarget",
    "at_option",
    "author_option",
    "commit_author",
    "environment_settings",
    "fleet_command",
    "fleet_repository_here",
    "open_fleet",
    "optional_repo_option",
    "read_requests",
    "repository_options",
]

F = TypeVar("F", bound="Callable[..., Any]")

_COMMITTER = "GOLDENPATH_COMMITTER"
_SSH_KEY = "GOLDENPATH_SSH_SIGNING_KEY"
_GPG_KEY = "GOLDENPATH_GPG_SIGNING_KEY"


def fleet_repository_here() -> Path:
    """The fleet repository that contains the current folder.

    Raises:
        InputError: no Git work tree contains the current folder, or the work tree has no fleet file at its top.
    """
    here = Path.cwd()
    top = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), None)
    if top is None:
        message = "there is no Git repository here or in a folder above"
    elif not (top / names.FLEET_FILE).is_file():
        message = f"the Git repository here has no {names.FLEET_FILE} at its top"
    else:
        return top
    message += "; change to the fleet repository's folder, or set --repo URL|DIR or GOLDENPATH_REPO"
    raise InputError.of("--repo", "required", message, None if top is None else str(top))


def _given_or_here(ctx: click.Context, _: click.Parameter, given: str | None) -> str | None:
    if given or ctx.resilient_parsing:
        return given
    return str(fleet_repository_here())


_REPO: Final[dict[str, Any]] = {
    "envvar": "GOLDENPATH_REPO",
    "show_envvar": True,
    "metavar": "URL|DIR",
    "help": "The fleet repository: a directory, or a URL that Git can reach. Default: the current folder's repository.",
}
optional_repo_option = click.option("--repo", "place", **_REPO)
"""``--repo`` of a command that also runs outside of a fleet repository."""

repository_options = together(
    click.option("--repo", "place", callback=_given_or_here, **_REPO),
    click.option(
        "--branch", metavar="NAME", help="Branch of the fleet repository. Default: its default branch."
    ),
)
"""``--repo`` and ``--branch``."""


at_option = click.option(
    "--at", metavar="COMMIT", help="Read this commit instead of the branch, such as HEAD in a checkout of CI."
)
author_option = click.option(
    "--author",
    metavar="PERSON",
    help="The author of the commits, as 'Ada <ada@example.org>'. Default: from Git's settings.",
)


@dataclass(frozen=True, slots=True)
class FleetTarget:
    """The fleet repository that the options of a command name."""

    place: str
    branch: str | None
    libraries: tuple[Path, ...]
    at: str | None = None

    def open(self) -> Fleet:
        """Open the repository; see :func:`open_fleet`."""
        return open_fleet(self.place, self.branch, self.libraries, at=self.at)


def fleet_command(*formats: str, has_at: bool = True) -> Callable[[F], F]:
    """Add the options of a command on a fleet repository, which the command gets as ``target``.

    A refusal is reported in the format of the result.
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def with_target(
            *arguments: Any,
            place: str,
            branch: str | None,
            libraries: tuple[Path, ...],
            at: str | None = None,
            **options: Any,
        ) -> Any:
            target = FleetTarget(place, branch, libraries, at)
            return function(*arguments, target=target, **options)

        options = (repository_options, *((at_option,) if has_at else ()), library_option)
        return cast("F", together(*options, format_option(*formats))(report_refusals(with_target)))

    return decorate


def read_requests(
    names: tuple[str, ...], look_at: Callable[[list[Submission]], Proposal]
) -> list[Submission]:
    """Read the requests in files.

    Args:
        names: the files.
        look_at: plans the readable requests if others cannot be read, so that a person sees every problem at once.

    Raises:
        InputError: a file cannot be read, or holds several documents; lists every problem of all files.
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
    """Open a fleet repository with the credentials, committer and signing key of the environment.

    Raises:
        InputError: the branch's name is not valid, or the commit does not exist.
        RepositoryError: there is no repository, or Git cannot use it.
    """
    from goldenpath.fleet import Fleet  # noqa: PLC0415 - loads Git, which `--help` does not need

    return Fleet.open(place, branch=branch, at=at, **environment_settings(libraries))


def environment_settings(libraries: tuple[Path, ...]) -> dict[str, Any]:
    """The arguments of ``Fleet.open`` that come from the environment.

    Raises:
        InputError: the committer or a credential in the environment cannot be used.
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


def commit_author(author: str | None) -> Person | None:
    """The author of commits: from ``--author``, or else from Git's settings; None if neither names a person.

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
    done = subprocess.run(  # noqa: S603 - every argument is a constant
        ["git", "config", "--get", key],  # noqa: S607 - the person's own git
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    return done.stdout.strip()
