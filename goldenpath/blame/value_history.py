"""Find the commit that set a value in a document, by meaning and not by line.

A commit that only moves, re-indents or comments a line does not set the value. An entry of a list is followed by its
name, or by its place if the name was changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.errors import MISSING
from goldenpath.kubeyaml import same
from goldenpath.queries.list_entries import paired_entries
from goldenpath.spec.parsed_fields import value_at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from goldenpath.git import CommitInfo, Repository
    from goldenpath.spec.parsed_fields import Location

__all__ = ["FileHistory", "earlier_location"]


@dataclass(slots=True)
class FileHistory:
    """The versions of one file in a branch's history.

    Args:
        commit: the newest commit to search.
        paths: the present and earlier paths of the file, the newest first.
        read: parses a version; returns None for an invalid one.
    """

    repository: Repository
    commit: str
    paths: Sequence[str]
    read: Callable[[str], Any]

    def since(self, location: Location) -> CommitInfo | None:
        """The commit that set the value at a place; None if the history does not show it.

        Raises:
            RepositoryError: the history cannot be read.
        """
        parents = self._parents()
        if not parents:
            return None
        commit = next(iter(parents))
        document = self._document(commit)
        value = value_at(document, location)
        while True:
            for parent in parents.get(commit, ()):
                earlier = self._document(parent)
                place = earlier_location(earlier, document, location)
                if place is not None and same(value_at(earlier, place), value):
                    commit, document, location = parent, earlier, place
                    break
            else:
                return self.repository.commit_info(commit)

    def _parents(self) -> dict[str, list[str]]:
        """The commits that changed the file, newest first, each with the previous ones."""
        answer = self.repository.git("rev-list", "--parents", self.commit, "--", *self.paths).decode()
        lines = (line.split() for line in answer.splitlines())
        return {commit: parents for commit, *parents in lines}

    def _document(self, commit: str) -> Any:
        tree = self.repository.commit_info(commit).tree
        for path in self.paths:
            entry = self.repository.find(tree, path)
            if entry is not None and entry.is_blob:
                return self.read(self.repository.blob(entry.id).decode(errors="replace"))
        return None


def earlier_location(before: Any, after: Any, location: Location) -> Location | None:
    """The place in an earlier version of a document; None if its list entry did not exist."""
    found: list[str | int] = []
    for step in location:
        if isinstance(step, int):
            if not isinstance(before, list) or not isinstance(after, list):
                return None
            old = next((old for old, new in paired_entries(before, after).items() if new == step), None)
            if old is None:
                return None
            found.append(old)
            before, after = before[old], after[step]
        else:
            found.append(step)
            before = before.get(step, MISSING) if isinstance(before, dict) else MISSING
            after = after.get(step, MISSING) if isinstance(after, dict) else MISSING
    return tuple(found)
