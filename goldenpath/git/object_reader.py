"""Read trees, files and commits by id. A repository and a batch of new objects share this code."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from goldenpath.errors import RepositoryError
from goldenpath.git.objects import EMPTY_TREE, CommitInfo, TreeEntry, parse_commit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

NO_ENTRIES: Final[Mapping[str, TreeEntry]] = MappingProxyType({})


class ObjectReader(ABC):
    """Reads objects by id. Each method raises RepositoryError if an object is missing, damaged or of another kind."""

    @abstractmethod
    def read_many(self, ids: Iterable[str], kind: str) -> Iterator[tuple[str, bytes]]:
        """The bytes of many objects of one kind, in the order of ``ids``, read as one stream."""

    @abstractmethod
    def trees(self, ids: Iterable[str]) -> Iterator[Mapping[str, TreeEntry]]:
        """The entries of many trees, in the order of ``ids``."""

    def entries(self, tree: str) -> Mapping[str, TreeEntry]:
        """The read-only entries of a tree, by name, in Git's order."""
        return NO_ENTRIES if tree == EMPTY_TREE else next(iter(self.trees((tree,))))

    def find(self, tree: str, path: str) -> TreeEntry | None:
        """The entry at a path below a tree, or None; the tree itself for an empty path."""
        entry = TreeEntry.of_tree(tree)
        for name in _parts(path):
            if not entry.is_tree:
                return None
            found = self.entries(entry.id).get(name)
            if found is None:
                return None
            entry = found
        return entry

    def files(self, tree: str, folder: str = "", *, submodules: bool = False) -> dict[str, TreeEntry]:
        """Every file below a folder, by its path from ``tree``; empty if the folder does not exist.

        Symbolic links count as files. ``submodules`` adds the submodules.
        """
        start = self.find(tree, folder)
        if start is None or not start.is_tree or start.id == EMPTY_TREE:
            return {}
        found: dict[str, TreeEntry] = {}
        prefix = "/".join(_parts(folder))
        level = [(prefix + "/" if prefix else "", start.id)]
        while level:
            below: list[tuple[str, str]] = []
            for (path, _), entries in zip(level, self.trees([tree for _, tree in level]), strict=True):
                for name, entry in entries.items():
                    if entry.is_tree:
                        below.append((f"{path}{name}/", entry.id))
                    elif entry.is_blob or submodules:
                        found[path + name] = entry
            level = below
        return found

    def blob(self, blob: str) -> bytes:
        """The bytes of a file."""
        return next(iter(self.blobs((blob,))))[1]

    def blobs(self, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The bytes of many files, in the order of ``ids``, read as one stream."""
        return self.read_many(ids, "blob")

    def commit_info(self, commit: str) -> CommitInfo:
        return parse_commit(commit, next(iter(self.read_many((commit,), "commit")))[1])

    def tree_of(self, commit: str | None) -> str:
        """The id of a commit's tree, or of the empty tree if ``commit`` is None."""
        return EMPTY_TREE if commit is None else self.commit_info(commit).tree

    def snapshot(self, commit: str | None) -> Snapshot:
        """The files of a commit; no files if ``commit`` is None."""
        return Snapshot(self, commit, self.tree_of(commit))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files of one commit, without a checkout. ``commit`` is None before the first commit.

    Paths start at the repository's root and use ``/``.
    """

    reader: ObjectReader
    commit: str | None
    tree: str

    def entries(self, folder: str = "") -> Mapping[str, TreeEntry]:
        """The entries of a folder, by name; empty if the folder does not exist."""
        entry = self.find(folder)
        return self.reader.entries(entry.id) if entry is not None and entry.is_tree else NO_ENTRIES

    def find(self, path: str) -> TreeEntry | None:
        return self.reader.find(self.tree, path)

    def files(self, folder: str = "") -> dict[str, TreeEntry]:
        """Every file below a folder, by its path from the root; empty if the folder does not exist."""
        return self.reader.files(self.tree, folder)

    def read(self, path: str) -> bytes | None:
        """The bytes of the file at a path, or None if there is no file."""
        entry = self.find(path)
        return self.reader.blob(entry.id) if entry is not None and entry.is_blob else None

    def blob(self, blob: str) -> bytes:
        """The bytes of a file, by its id."""
        return self.reader.blob(blob)

    def blobs(self, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The bytes of many files by their ids, in their order, read as one stream."""
        return self.reader.blobs(ids)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def wrong_kind(object_id: str, found: str, wanted: str) -> RepositoryError:
    """The error for an object of another kind."""
    return RepositoryError(f"the object {object_id} is a {found}, not a {wanted}")
