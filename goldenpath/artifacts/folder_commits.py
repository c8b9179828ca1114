"""Finds the last commit that changed each of many folders, in one walk along the first parents of a branch."""

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
    """Return the commit that gave each folder its tree. For a change on a merged branch, this is the merge commit.

    Args:
        repository: the fleet repository.
        commit: the first commit of the walk.
        root: a common parent of the folders; only commits that changed it are read.
        folders: folders that the commit has.

    Raises:
        RepositoryError: the repository is a shallow clone, so the result would depend on the clone.
    """
    if (repository.common_dir / "shallow").exists():
        raise RepositoryError(
            f"{repository.path}: is a shallow clone, so the last commit of a folder is unknown; fetch the whole "
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
    """Compares each commit with the next newer one, by the parents of the folders, because most parents are equal."""

    def __init__(self, repository: Repository, folders: Collection[str]) -> None:
        self.found: dict[str, CommitInfo] = {}
        self.pending: defaultdict[str, dict[str, str]] = defaultdict(dict)
        """The trees of the folders without a commit yet, by parent and name."""
        self._repository = repository
        self._parents: dict[str, str] = {}
        for folder in folders:
            parent, _, name = folder.rpartition("/")
            self.pending[parent][name] = ""

    def step(self, tree: str, newer: CommitInfo | None) -> None:
        """Step to an older tree. ``newer`` is the commit after this tree; None for the first tree."""
        for parent, names in list(self.pending.items()):
            entry = self._repository.find(tree, parent)
            identity = entry.id if entry is not None and entry.is_tree else EMPTY_TREE
            if self._parents.get(parent) == identity:
                continue
            self._parents[parent] = identity
            entries = self._repository.entries(identity)
            for name, before in list(names.items()):
                entry = entries.get(name)
                now = entry.id if entry is not None else ""
                if newer is None:
                    names[name] = now
                elif now != before:
                    self.found[f"{parent}/{name}"] = newer
                    del names[name]
            if not names:
                del self.pending[parent]
