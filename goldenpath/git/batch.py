"""New Git objects in memory, before they are written as one pack."""

from __future__ import annotations

import zlib
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING

from goldenpath.errors import InputError, Problem
from goldenpath.git.object_reader import ObjectReader, wrong_kind
from goldenpath.git.objects import (
    PreparedObject,
    format_commit,
    parse_tree,
    prepare,
    prepare_blob,
    with_signature,
)
from goldenpath.git.trees import TreeChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from goldenpath.git.git_repository import Repository
    from goldenpath.git.objects import TreeEntry
    from goldenpath.git.person import Person
    from goldenpath.git.signing import CommitSigner


class ObjectBatch(ObjectReader):
    """New objects on top of a repository. Reads see them at once; ``store`` writes them to disk.

    A batch belongs to one thread.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._new: dict[str, PreparedObject] = {}
        self._trees: dict[str, Mapping[str, TreeEntry]] = {}

    def read_many(self, ids: Iterable[str], kind: str) -> Iterator[tuple[str, bytes]]:
        for is_new, group in groupby(ids, key=self._new.__contains__):
            if not is_new:
                yield from self._repository.read_many(group, kind)
                continue
            for identity in group:
                found = self._new[identity]
                if found.kind != kind:
                    raise wrong_kind(identity, found.kind, kind)
                yield identity, zlib.decompress(found.compressed)

    def entries(self, tree: str) -> Mapping[str, TreeEntry]:
        kept = self._trees.get(tree)
        if kept is not None:
            return kept
        return super().entries(tree) if tree in self._new else self._repository.entries(tree)

    def trees(self, ids: Iterable[str]) -> Iterator[Mapping[str, TreeEntry]]:
        for is_new, group in groupby(ids, key=self._new.__contains__):
            if not is_new:
                yield from self._repository.trees(group)
                continue
            for identity in group:
                if identity not in self._trees:
                    self._trees[identity] = MappingProxyType(parse_tree(self._tree_data(identity)))
                yield self._trees[identity]

    def add_blob(self, data: bytes) -> str:
        """Add a file's bytes. Return the blob's id."""
        return self._add(prepare_blob(data))

    def change(self, tree: str, files: Mapping[str, bytes | PreparedObject | str | None]) -> str:
        """Change some files of a tree. Return the new tree's id. The batch stays as it was if there is any problem.

        Args:
            tree: the id of the tree to begin with.
            files: by path: the file's new bytes, or the id of an existing blob, or None to remove the file.
                An executable file stays executable. A folder without files is removed.

        Raises:
            InputError: a path is invalid (``..``, ``.git``, empty), or a file and a folder share a name.
            RepositoryError: a blob's id names no object, or an object of another kind.
        """
        prepared: dict[str, PreparedObject] = {}  # by id
        ids: dict[str, str | None] = {}
        named: list[str] = []
        for path, content in files.items():
            if content is None:
                ids[path] = None
            elif isinstance(content, str):
                ids[path] = content
                if content not in self._new:
                    named.append(content)
            else:
                blob = prepare_blob(content) if isinstance(content, bytes) else content
                if blob.kind != "blob":
                    raise wrong_kind(blob.id, blob.kind, "blob")
                prepared[blob.id] = blob
                ids[path] = blob.id
        self._repository.require(named, "blob")
        changed = TreeChange(self.entries, self._tree_data).apply(tree, ids)
        # A blob that the tree has already at this path is not written again.
        for blob_id in changed.placed & prepared.keys():
            self._add(prepared[blob_id])
        for identity, entries, data in changed.trees:
            self._add(prepare("tree", data))
            self._trees[identity] = entries
        return changed.tree

    def commit(
        self,
        tree: str,
        parents: Sequence[str],
        *,
        author: Person,
        committer: Person,
        message: str,
        when: datetime,
        signer: CommitSigner | None = None,
    ) -> str:
        """Add a commit. Return its id. ``when`` is the time of author and committer; it needs a time zone.

        Raises:
            InputError: the message is empty, or holds characters that Git cannot store.
            RepositoryError: the commit cannot be signed.
        """
        if not message.strip():
            raise InputError([Problem("message", "commit-message", "is empty; say what changes and why")])
        if "\0" in message or any("\ud800" <= character <= "\udfff" for character in message):
            raise InputError(
                [Problem("message", "commit-message", "contains a NUL or half a surrogate pair; remove it")]
            )
        data = format_commit(tree, parents, author=author, committer=committer, message=message, when=when)
        if signer is not None:
            data = with_signature(data, signer.sign(data))
        return self._add(prepare("commit", data))

    def store(self) -> None:
        """Write all new objects durably, all or none. The batch is empty afterwards.

        Raises:
            RepositoryError: the disk is full or read-only.
        """
        if self._new:
            self._repository.write(self._new.values(), self._trees)
        self._new, self._trees = {}, {}

    def _add(self, item: PreparedObject) -> str:
        self._new.setdefault(item.id, item)
        return item.id

    def _tree_data(self, tree: str) -> bytes:
        return next(self.read_many((tree,), "tree"))[1]
