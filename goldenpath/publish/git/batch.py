"""New objects, before they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.publish.git.reading import ObjectReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from goldenpath.publish.git.objects import Entry, PreparedObject
    from goldenpath.publish.git.person import Person
    from goldenpath.publish.git.repository import Repository
    from goldenpath.publish.git.signing import Signer


class ObjectBatch(ObjectReader):
    """New objects on top of a repository: read through it, they are there already; ``store`` makes them stay.

    Not for several threads at once.
    """

    def __init__(self, repository: Repository) -> None:
        raise NotImplementedError

    def read_many(self, ids: Iterable[str], kind: str) -> Iterator[tuple[str, bytes]]:
        raise NotImplementedError

    def trees(self, ids: Iterable[str]) -> Iterator[Mapping[str, Entry]]:
        raise NotImplementedError

    def add_blob(self, data: bytes) -> str:
        """Add a file's bytes; the blob's id."""
        raise NotImplementedError

    def add_prepared(self, prepared: PreparedObject) -> str:
        """Add an object that ``prepare_blob`` made, here or in another process; its id."""
        raise NotImplementedError

    def change(self, tree: str, files: Mapping[str, bytes | PreparedObject | str | None]) -> str:
        """A tree with some files changed: the new tree's id.

        Args:
            tree: the id of the tree to begin with.
            files: by path: the file's new bytes, or the id of a blob that is there, or None to remove the file.
                A file that is there already keeps its mode. A folder without files vanishes.

        Raises:
            InputError: a path is not one (``..``, ``.git``, empty), or a file and a folder share a name.

        """
        raise NotImplementedError

    def commit(
        self,
        tree: str,
        parents: Sequence[str],
        author: Person,
        committer: Person,
        message: str,
        when: datetime,
        signer: Signer | None = None,
    ) -> str:
        """Add a commit; its id."""
        raise NotImplementedError

    def store(self) -> None:
        """Write all new objects, durably, all or none; then the batch is empty."""
        raise NotImplementedError
