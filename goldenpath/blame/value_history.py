"""Since when a place of a document has its value: the commit that gave it, by meaning and not by line.

A commit that only moves, re-indents or comments a line gave nothing. An entry of a list is followed by its name, and by
its place where its name was changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.errors import MISSING
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
        repository: the repository.
        commit: where to begin.
        paths: the places that the file has had, the newest first.
        read: a version's document; None where it cannot be read.
    """

    repository: Repository
    commit: str
    paths: Sequence[str]
    read: Callable[[str], Any]

    def since(self, location: Location) -> CommitInfo | None:
        """The commit that gave a place its value; None where the history does not say.

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
                there = earlier_location(earlier, document, location)
                if there is not None and _same(value_at(earlier, there), value):
                    commit, document, location = parent, earlier, there
                    break
            else:
                return self.repository.commit_info(commit)

    def _parents(self) -> dict[str, list[str]]:
        """Each commit that changed the file, newest first, with the commits before it that did."""
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
    """Where a place of a document was in an earlier version; None where what holds it was not there."""
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


def _same(one: Any, other: Any) -> bool:
    if one is MISSING or other is MISSING:
        return one is other
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
