"""Valid names in Git and in a checkout on any machine: paths of files, and branches. Pure."""

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
# What nearly all paths look like; a fleet is published with some 200,000 of them.
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,254})*")


def branch_ref(branch: str) -> str:
    """A branch's full name.

    Raises:
        InputError: Git has no such names.

    """
    if not branch or _BAD_BRANCH.search(branch) or not _is_text(branch):
        raise InputError.of(
            "branch",
            "branch-name",
            "is not a name for a branch (`git check-ref-format` has the rules)",
            branch,
        )
    return f"refs/heads/{branch}"


def path_problem(path: str) -> Problem | None:
    """What is wrong with a file's path from the root; None for a good one."""
    if _PLAIN_PATH.fullmatch(path):
        return None
    for name in path.split("/"):
        if name in {"", ".", ".."}:
            return Problem(path, "repository-path", "is not a path from the repository's root")
        if _DOT_GIT.match(_IGNORED_BY_HFS.sub("", name)):
            return Problem(path, "repository-path", "would reach into Git's own folder")
        if "\0" in name or "\\" in name or not _is_text(name) or len(name.encode()) > _LONGEST_NAME:
            return Problem(path, "repository-path", "holds a name that no checkout could have")
    return None


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
