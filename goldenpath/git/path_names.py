"""Check names of branches and paths of files, for Git and for a checkout on any machine. Pure."""

from __future__ import annotations

import re
from typing import Final

from goldenpath.errors import InputError, Problem

# git-check-ref-format(1), rules 1 to 10.
_BAD_BRANCH: Final = re.compile(
    r"^[-/]|^@$|[/.]$|\.\.|//|@\{|[\x00-\x20\x7f~^:?*\[\\]|(^|/)\.|\.lock(/|$)|^HEAD$"
)
# Characters that HFS+ ignores in names: ".g\u200cit" is ".git" there (is_hfs_dotgit in Git's utf8.c).
_IGNORED_BY_HFS: Final = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_DOT_GIT: Final = re.compile(r"^(\.git|git~1)[ .]*(:.*)?$", re.IGNORECASE)
_LONGEST_NAME: Final = 255
# A quick test that nearly all paths pass; a fleet has some 200,000 of them.
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,254})*")


def branch_ref(branch: str) -> str:
    """The full ref of a branch.

    Raises:
        InputError: the name breaks Git's rules.
    """
    if not branch or _BAD_BRANCH.search(branch) or not _is_text(branch):
        raise InputError.of(
            "branch",
            "branch-name",
            "is not a valid name of a branch; see `git help check-ref-format` for the rules",
            branch,
        )
    return f"refs/heads/{branch}"


def path_problem(path: str) -> Problem | None:
    """The problem of a file's path from the root; None if the path is valid."""
    if _PLAIN_PATH.fullmatch(path):
        return None
    for name in path.split("/"):
        if name in {"", ".", ".."}:
            return Problem(path, "repository-path", "is not a path from the repository's root")
        if _DOT_GIT.match(_IGNORED_BY_HFS.sub("", name)):
            return Problem(path, "repository-path", "is inside Git's own folder; use another path")
        if "\0" in name or "\\" in name or not _is_text(name) or len(name.encode()) > _LONGEST_NAME:
            return Problem(
                path, "repository-path", "contains a name that a checkout cannot have; use another name"
            )
    return None


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
