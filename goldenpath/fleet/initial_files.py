"""The first files of a new fleet repository: README, CODEOWNERS, Git attributes, and a check for CI."""

from __future__ import annotations

import re
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from jinja2 import BaseLoader

from goldenpath.errors import InputError, Problem
from goldenpath.render.jinja_environment import new_environment
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    from goldenpath.spec.fleet_spec import FleetSpec

__all__ = ["FORGES", "starter_files", "starter_fleet"]

FORGES: Final = {
    "github": (".github/workflows/goldenpath.yaml", "github.yaml"),
    "gitlab": (".gitlab-ci.yml", "gitlab.yaml"),
    # Gitea and Forgejo run GitHub's workflow syntax.
    "gitea": (".gitea/workflows/goldenpath.yaml", "github.yaml"),
    "forgejo": (".forgejo/workflows/goldenpath.yaml", "github.yaml"),
}
"""For each forge, the path of the check in the repository, and the file in ``starter``."""

_CODE_OWNER: Final = re.compile(r"@[A-Za-z0-9][A-Za-z0-9._/-]{0,200}|[^@\s]{1,64}@[A-Za-z0-9.-]{1,190}")
_EVERYWHERE: Final = {"README.md": "README.md", "CODEOWNERS": "CODEOWNERS", ".gitattributes": "gitattributes"}


def starter_fleet() -> str:
    """A small valid fleet, with comments for the person who edits it."""
    return _read("goldenpath.yaml")


def starter_files(fleet: FleetSpec, *, forge: str | None, code_owner: str) -> dict[str, str]:
    """The text of each file by path.

    Args:
        fleet: the fleet.
        forge: one of :data:`FORGES`; None leaves out the check.
        code_owner: the reviewer, in the syntax of CODEOWNERS.

    Raises:
        InputError: the forge is unknown, or CODEOWNERS does not allow the owner.
    """
    _check(forge, code_owner)
    wanted = dict(_EVERYWHERE)
    if forge is not None:
        place, source = FORGES[forge]
        wanted[place] = source
    environment = new_environment(BaseLoader())
    words = {
        "organisation": fleet.organisation,
        "branch": fleet.branch,
        "code_owner": code_owner,
        "version": version("goldenpath"),
    }
    return {place: environment.from_string(_read(source)).render(words) for place, source in wanted.items()}


def _check(forge: str | None, code_owner: str) -> None:
    problems = []
    if forge is not None and forge not in FORGES:
        message = f"must be one of {', '.join(FORGES)}"
        problems.append(Problem("--forge", "unknown-forge", message, forge, nearest(forge, FORGES)))
    if not _CODE_OWNER.fullmatch(code_owner):
        message = "must be a person or a team in the syntax of CODEOWNERS, such as @example/platform-team"
        problems.append(Problem("--code-owner", "code-owner", message, code_owner))
    if problems:
        raise InputError(problems)


def _read(name: str) -> str:
    return files(__package__).joinpath("starter", name).read_text(encoding="utf-8")
