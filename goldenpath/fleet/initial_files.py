"""The files of a new fleet repository, before its first tenant."""

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
"""For each forge: where its CI reads the check from, and the file of ours that becomes it."""

_CODE_OWNER: Final = re.compile(r"@[A-Za-z0-9][A-Za-z0-9._/-]{0,200}|[^@\s]{1,64}@[A-Za-z0-9.-]{1,190}")
_EVERYWHERE: Final = {"README.md": "README.md", "CODEOWNERS": "CODEOWNERS", ".gitattributes": "gitattributes"}


def starter_fleet() -> str:
    """A small fleet that is accepted as it stands, with comments for the person who makes it theirs."""
    return _read("goldenpath.yaml")


def starter_files(fleet: FleetSpec, *, forge: str | None, code_owner: str) -> dict[str, str]:
    """What a person reads and what CI runs: README, CODEOWNERS, attributes, and the forge's check.

    Args:
        fleet: the fleet.
        forge: one of :data:`FORGES`; without it, no check is written.
        code_owner: who reviews, as the forge's CODEOWNERS writes it.

    Raises:
        InputError: the forge is not known, or the owner could not stand in CODEOWNERS.
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
        problems.append(
            Problem(
                "--forge", "unknown-forge", f"there are {', '.join(FORGES)}", forge, nearest(forge, FORGES)
            )
        )
    if not _CODE_OWNER.fullmatch(code_owner):
        message = "must be a person or a team as CODEOWNERS writes it, such as @example/platform-team"
        problems.append(Problem("--code-owner", "code-owner", message, code_owner))
    if problems:
        raise InputError(problems)


def _read(name: str) -> str:
    return files(__package__).joinpath("starter", name).read_text(encoding="utf-8")
