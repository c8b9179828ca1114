"""The last commit of a branch that changed each of many folders, found in one walk along its first parents."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from goldenpath.errors import RepositoryError
from goldenpath.git import EMPTY_TREE

if TYPE_CHECKING:
    from collections.abc import Collection

    from goldenpath.git import CommitInfo, Repository

__all__ = ["last_commits"]


def last_commits(
    repository: Repository, commit: str, root: str, folders: Collection[str]
) -> dict[str, CommitInfo]:
    """For each folder, the commit that gave it the tree that it has. A merged branch is the commit that merged it.

    Args:
        repository: the fleet repository.
        commit: where the walk begins.
        root: a folder above all of them; only commits that changed it are read.
        folders: folders that the commit has.

    Raises:
        RepositoryError: the history is cut off (a shallow clone), so the answer would depend on the clone.

    """
    if (repository.common_dir / "shallow").exists():
        raise RepositoryError(
            f"{repository.path}: is a shallow clone, so the last commit of a folder is not known; fetch the whole "
            "history (`git fetch --unshallow`; in CI `fetch-depth: 0`)"
        )
    walk = _Walk(repository, folders)
    newer: CommitInfo | None = None
    # Between two commits of this list, nothing below the root has changed.
    for info in repository.log(commit, paths=(root,), first_parent=True):
        walk.step(info.tree, newer)
        newer = info
        if not walk.pending:
            return walk.found
    if newer is not None:
        walk.step(EMPTY_TREE, newer)
    return walk.found


class _Walk:
    """Compares each commit with the one after it, one shelf of folders at a time: most shelves are the same."""

    def __init__(self, repository: Repository, folders: Collection[str]) -> None:
        self.found: dict[str, CommitInfo] = {}
        self.pending: defaultdict[str, dict[str, str]] = defaultdict(dict)
        """By the folder above: the name of each folder that is still looked for, and its tree."""
        self._repository = repository
        self._shelves: dict[str, str] = {}
        for folder in folders:
            shelf, _, name = folder.rpartition("/")
            self.pending[shelf][name] = ""

    def step(self, tree: str, newer: CommitInfo | None) -> None:
        """Go to an older tree. ``newer`` is the commit that came after it; None for the first tree."""
        for shelf, names in list(self.pending.items()):
            entry = self._repository.find(tree, shelf)
            identity = entry.id if entry is not None and entry.is_tree else EMPTY_TREE
            if self._shelves.get(shelf) == identity:
                continue
            self._shelves[shelf] = identity
            entries = self._repository.entries(identity)
            for name, before in list(names.items()):
                entry = entries.get(name)
                there = entry.id if entry is not None else ""
                if newer is None:
                    names[name] = there
                elif there != before:
                    self.found[f"{shelf}/{name}"] = newer
                    del names[name]
            if not names:
                del self.pending[shelf]
