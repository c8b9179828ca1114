"""The manifest of a dataset: a line for each file, in the order of the bytes of the paths. Its SHA-256 is the digest.

::

    goldenpath-dataset/v1
    <sha256, 64 hex digits> <size> <path>

Lines end with a line feed, also the last one; paths are UTF-8 without control characters. An empty folder has a line
too: its path ends in ``/``, its size is 0, and its digest is the one of no bytes. `sha256sum` of a manifest therefore
prints the digest of the dataset.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = [
    "DIGEST",
    "EMPTY_SHA256",
    "HEADER",
    "DatasetDigest",
    "ManifestEntry",
    "dataset_digest",
    "entries_in",
    "is_manifest",
    "line_of",
    "opened_manifest",
    "read_manifest",
]

HEADER: Final = b"goldenpath-dataset/v1\n"
EMPTY_SHA256: Final = hashlib.sha256().digest()
_NOTHING: Final = EMPTY_SHA256.hex().encode() + b" 0 "
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_LINE: Final = re.compile(rb"([0-9a-f]{64}) (0|[1-9][0-9]{0,18}) ([^\x00-\x1f\x7f]+)\n")
_LEAVES: Final = re.compile(rb"(?:^|/)\.{0,2}/|(?:^|/)\.{1,2}$")
_LONGEST_LINE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """A file of a dataset; an empty folder where the path ends in ``/``."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DatasetDigest:
    """What a manifest says of a dataset as a whole.

    Attributes:
        digest: ``sha256:…`` of the manifest.
        files: how many files it has.
        size: their bytes.

    """

    digest: str
    files: int
    size: int


def line_of(path: bytes, size: int, sha256: bytes) -> bytes:
    """The line of a file."""
    return b"%b %d %b\n" % (sha256.hex().encode(), size, path)


def dataset_digest(entries: Iterable[ManifestEntry]) -> DatasetDigest:
    """The digest of a dataset with these files, in any order.

    Args:
        entries: each path once.
    """
    whole = hashlib.sha256(HEADER)
    files = size = 0
    for path, entry in sorted((entry.path.encode(), entry) for entry in entries):
        whole.update(line_of(path, entry.size, bytes.fromhex(entry.sha256)))
        files += not entry.path.endswith("/")
        size += entry.size
    return DatasetDigest(f"sha256:{whole.hexdigest()}", files, size)


def is_manifest(file: Path) -> bool:
    """Whether a file begins as a manifest does.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            return opened.read(len(HEADER)) == HEADER
    except OSError as error:
        raise InputError.of("", "no-file", f"cannot be read: {error.strerror}", file=str(file)) from None


def read_manifest(file: Path) -> DatasetDigest:
    """Read a manifest to its end.

    Raises:
        InputError: it cannot be read, or is not a manifest in canonical form; the line is named.
    """
    whole = hashlib.sha256()
    files = size = 0
    with opened_manifest(file) as lines:
        whole.update(HEADER)
        for line, entry in entries_in(lines, str(file)):
            whole.update(line)
            files += not entry.path.endswith("/")
            size += entry.size
    return DatasetDigest(f"sha256:{whole.hexdigest()}", files, size)


def opened_manifest(file: Path) -> BinaryIO:
    """A manifest, opened behind its first line.

    Raises:
        InputError: it cannot be read, or has another first line.
    """
    if not is_manifest(file):
        message = f"is not a dataset manifest: its first line is not `{HEADER.decode().strip()}`"
        raise InputError.of("", "dataset-manifest", message, file=str(file))
    opened = file.open("rb")
    opened.seek(len(HEADER))
    return opened


def entries_in(lines: BinaryIO, name: str) -> Iterator[tuple[bytes, ManifestEntry]]:
    """The lines of a manifest behind its first, each with what it says.

    Args:
        lines: the manifest, behind its first line.
        name: named in messages.

    Raises:
        InputError: a line has another form, or is not behind the one before it.
    """
    before = b""
    number = 1
    while line := lines.readline(_LONGEST_LINE):
        number += 1
        found = _LINE.fullmatch(line)
        if found is None:
            raise _refused(name, number, "is not `SHA256 SIZE PATH`")
        path = found[3]
        if path <= before:
            raise _refused(
                name, number, "is not in the order of the bytes of the paths, or names a path again"
            )
        before = path
        try:
            text = path.decode()
        except UnicodeDecodeError:
            raise _refused(name, number, "has a path that is not UTF-8") from None
        if _LEAVES.search(path):
            raise _refused(name, number, "has a path that leaves the folder")
        if text.endswith("/") and line[:67] != _NOTHING:
            raise _refused(
                name, number, "is an empty folder with a size or another digest than that of no bytes"
            )
        yield line, ManifestEntry(text, int(found[2]), found[1].decode())


def _refused(name: str, number: int, message: str) -> InputError:
    advice = "make it again with `goldenpath dataset hash`"
    return InputError.of(f"line {number:,}", "dataset-manifest", f"{message}; {advice}", file=name)
