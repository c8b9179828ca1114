"""One Git repository on this machine: its objects and refs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from goldenpath.publish.git.reading import ObjectReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from goldenpath.publish.git.batch import ObjectBatch
    from goldenpath.publish.git.objects import CommitInfo, Entry


class Repository(ObjectReader):
    """A Git repository, bare or with a work tree; safe for many threads. Close it, or use it in ``with``."""

    path: Path
    git_dir: Path
    bare: bool

    @classmethod
    def open(cls, path: Path) -> Self:
        raise NotImplementedError

    @classmethod
    def create(cls, path: Path, *, bare: bool = False, branch: str = "main") -> Self:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read_many(self, ids: Iterable[str], kind: str) -> Iterator[tuple[str, bytes]]:
        raise NotImplementedError

    def trees(self, ids: Iterable[str]) -> Iterator[Mapping[str, Entry]]:
        raise NotImplementedError

    def resolve(self, ref: str) -> str | None:
        """The commit that a branch's name, a full ref or a commit's id stands for."""
        raise NotImplementedError

    def batch(self) -> ObjectBatch:
        """A new, empty batch of objects for this repository."""
        raise NotImplementedError

    def log(self, ref: str, *, paths: Iterable[str] = (), limit: int | None = None) -> Iterator[CommitInfo]:
        """The commits that lead to a ref, newest first; only those that touch ``paths`` where any are given."""
        raise NotImplementedError
