"""The index next to a manifest: size, times and inode number of each file at the time of its hash.

A later run does not read a file with the same size, times of content and inode, and inode number. This trusts the file
system: a change that keeps all four stays unseen. The index leaves out a file that changed shortly before the run,
because a second change could have the same time.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from goldenpath.datasets.dataset_manifest import entries_in, open_manifest
from goldenpath.datasets.file_hashing import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.datasets.file_tree import FoundFile

__all__ = ["INDEX_HEADER", "KnownFiles", "index_line", "index_of"]

INDEX_HEADER: Final = "goldenpath-dataset-index/v1"
_SETTLED_NS: Final = 2_000_000_000
"""The coarsest time stamps of a file system in use: those of FAT."""


def index_of(manifest: Path) -> Path:
    """Return the path of the index of a manifest."""
    return manifest.with_name(f"{manifest.name}.index")


def index_line(stamp: tuple[int, int, int, int], started_ns: int) -> bytes:
    """Return the line of a file; an empty line for a file that could change again with the same time."""
    _, mtime, ctime, _ = stamp
    if max(mtime, ctime) > started_ns - _SETTLED_NS:
        return b"\n"
    return b"%d %d %d %d\n" % stamp


class _Known(NamedTuple):
    path: bytes
    sha256: bytes
    stamp: bytes


class KnownFiles:
    """The digests of an earlier run. The caller asks for files in the order of the manifest.

    No digest is known if the manifest has no index, or the index of another manifest.

    Raises:
        InputError: the manifest of the earlier run cannot be read.

    """

    def __init__(self, manifest: Path) -> None:
        self._manifest = manifest
        with open_manifest(manifest) as lines:
            lines.seek(0)
            digest = hashlib.file_digest(lines, "sha256").hexdigest()
        index = index_of(manifest)
        self.has_index = index.is_file() and _first_line(index) == f"{INDEX_HEADER} sha256:{digest}"
        self._files = self._read() if self.has_index else iter(())
        self._next = next(self._files, None)

    def digest_of(self, file: FoundFile) -> bytes:
        """Return the digest of a file with an unchanged stamp, and ``UNKNOWN`` for any other file."""
        while self._next is not None and self._next.path < file.path:
            self._next = next(self._files, None)
        known = self._next
        if known is None or known.path != file.path or known.stamp != b"%d %d %d %d\n" % file[1:]:
            return UNKNOWN
        return known.sha256

    def _read(self) -> Iterator[_Known]:
        with open_manifest(self._manifest) as lines, index_of(self._manifest).open("rb") as stamps:
            stamps.readline()
            for (_, entry), stamp in zip(entries_in(lines, str(self._manifest)), stamps, strict=False):
                yield _Known(entry.path.encode(), bytes.fromhex(entry.sha256), stamp)


def _first_line(file: Path) -> str:
    with file.open("rb") as opened:
        return opened.readline(200).decode(errors="replace").strip()
