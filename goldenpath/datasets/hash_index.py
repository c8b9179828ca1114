"""The index beside a manifest: of each file, size, times and inode as they were when it was hashed.

With it, a later run does not read a file whose size, times of content and inode, and inode number are the same. That
trusts the file system: a change that keeps all four is not seen. A file that changed at about the time of the run is not
in the index, since a second change could bear the same time.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from goldenpath.datasets.dataset_manifest import HEADER, entries_in, opened_manifest
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
    """Where the index of a manifest is."""
    return manifest.with_name(f"{manifest.name}.index")


def index_line(stamp: tuple[int, int, int, int], started_ns: int) -> bytes:
    """The line of a file; an empty one for a file that could change again without a trace."""
    _, mtime, ctime, _ = stamp
    if max(mtime, ctime) > started_ns - _SETTLED_NS:
        return b"\n"
    return b"%d %d %d %d\n" % stamp


class _Known(NamedTuple):
    path: bytes
    sha256: bytes
    stamp: bytes


class KnownFiles:
    """The digests of an earlier run, asked for in the order of the manifest.

    Args:
        manifest: the manifest of that run; without an index that belongs to it, no digest is known.

    Raises:
        InputError: the manifest cannot be used.

    """

    def __init__(self, manifest: Path) -> None:
        self._manifest = manifest
        with opened_manifest(manifest) as lines:
            digest = hashlib.sha256(HEADER)
            while part := lines.read(1 << 20):
                digest.update(part)
        index = index_of(manifest)
        self.has_index = (
            index.is_file() and _first_line(index) == f"{INDEX_HEADER} sha256:{digest.hexdigest()}"
        )
        self._files = self._read() if self.has_index else iter(())
        self._next = next(self._files, None)

    def digest_of(self, file: FoundFile) -> bytes:
        """The digest of a file that is as it was; zeros for any other one."""
        while self._next is not None and self._next.path < file.path:
            self._next = next(self._files, None)
        known = self._next
        if known is None or known.path != file.path or known.stamp != b"%d %d %d %d\n" % file[1:]:
            return UNKNOWN
        return known.sha256

    def _read(self) -> Iterator[_Known]:
        with opened_manifest(self._manifest) as lines, index_of(self._manifest).open("rb") as stamps:
            stamps.readline()
            for (_, entry), stamp in zip(entries_in(lines, str(self._manifest)), stamps, strict=False):
                yield _Known(entry.path.encode(), bytes.fromhex(entry.sha256), stamp)


def _first_line(file: Path) -> str:
    with file.open("rb") as opened:
        return opened.readline(200).decode(errors="replace").strip()
