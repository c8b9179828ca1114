"""The manifest of a dataset: one line for each file, sorted by the bytes of the paths.

::

    goldenpath-dataset/v1
    <sha256, 64 hex digits> <size> <path>

Every line ends with a line feed. Paths are UTF-8 without control characters. An empty folder has a line, too: its path
ends in ``/``, its size is 0, and its SHA-256 is that of no bytes. The digest of the dataset is the SHA-256 of the
manifest, so `sha256sum` of the manifest prints it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import BufferedReader
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
    "open_manifest",
    "read_manifest",
]

HEADER: Final = b"goldenpath-dataset/v1\n"
EMPTY_SHA256: Final = hashlib.sha256().digest()
_EMPTY_FOLDER: Final = EMPTY_SHA256.hex().encode() + b" 0 "
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_LINE: Final = re.compile(rb"([0-9a-f]{64}) (0|[1-9][0-9]{0,18}) ([^\x00-\x1f\x7f]+)\n")
_LEAVES: Final = re.compile(rb"(?:^|/)\.{0,2}/|(?:^|/)\.{1,2}$")
_MAX_LINE_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """A file of a dataset. A path that ends in ``/`` is an empty folder."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DatasetDigest:
    """The digest of a manifest (``sha256:…``), the number of its files, and their size in bytes."""

    digest: str
    files: int
    size: int


def line_of(path: bytes, size: int, sha256: bytes) -> bytes:
    return b"%b %d %b\n" % (sha256.hex().encode(), size, path)


def dataset_digest(entries: Iterable[ManifestEntry]) -> DatasetDigest:
    """Return the digest of a dataset with these files, in any order. Each path appears once."""
    in_order = sorted((entry.path.encode(), entry) for entry in entries)
    return _digest_of(
        (line_of(path, entry.size, bytes.fromhex(entry.sha256)), entry) for path, entry in in_order
    )


def _digest_of(lines: Iterable[tuple[bytes, ManifestEntry]]) -> DatasetDigest:
    whole = hashlib.sha256(HEADER)
    files = size = 0
    for line, entry in lines:
        whole.update(line)
        files += not entry.path.endswith("/")
        size += entry.size
    return DatasetDigest(f"sha256:{whole.hexdigest()}", files, size)


def is_manifest(file: Path) -> bool:
    """Whether the first line of a file is the header of a manifest.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with file.open("rb") as opened:
            return opened.read(len(HEADER)) == HEADER
    except OSError as error:
        raise InputError.of("", "no-file", f"cannot be read: {error.strerror}", file=str(file)) from None


def read_manifest(file: Path) -> DatasetDigest:
    """Read a manifest, check every line, and return its digest.

    Raises:
        InputError: the file cannot be read, or a line is not in canonical form. The error names the line.
    """
    with open_manifest(file) as lines:
        return _digest_of(entries_in(lines, str(file)))


def open_manifest(file: Path) -> BufferedReader:
    """Open a manifest at its second line, the first one with a file.

    Raises:
        InputError: the file cannot be read, or has another first line.
    """
    if not is_manifest(file):
        message = f"is not a dataset manifest: its first line must be `{HEADER.decode().strip()}`"
        raise InputError.of("", "dataset-manifest", message, file=str(file))
    opened = file.open("rb")
    opened.seek(len(HEADER))
    return opened


def entries_in(lines: BinaryIO, name: str) -> Iterator[tuple[bytes, ManifestEntry]]:
    """Yield each line of a manifest with its parsed entry.

    Args:
        lines: the manifest, as :func:`open_manifest` returns it.
        name: the name of the manifest in messages.

    Raises:
        InputError: a line has another form, or its path does not sort after the path before it.
    """
    before = b""
    number = 1
    while line := lines.readline(_MAX_LINE_BYTES):
        number += 1
        found = _LINE.fullmatch(line)
        if found is None:
            raise _refused(name, number, "is not `SHA256 SIZE PATH`")
        path = found[3]
        if path <= before:
            raise _refused(name, number, "is not sorted by the bytes of its path, or repeats a path")
        before = path
        try:
            text = path.decode()
        except UnicodeDecodeError:
            raise _refused(name, number, "has a path that is not UTF-8") from None
        if _LEAVES.search(path):
            raise _refused(name, number, "has a path that leaves the folder")
        if text.endswith("/") and not line.startswith(_EMPTY_FOLDER):
            raise _refused(
                name, number, "is an empty folder, and must have the size 0 and the SHA-256 of no bytes"
            )
        yield line, ManifestEntry(text, int(found[2]), found[1].decode())


def _refused(name: str, number: int, message: str) -> InputError:
    advice = "write the manifest again with `goldenpath dataset hash`"
    return InputError.of(f"line {number:,}", "dataset-manifest", f"{message}; {advice}", file=name)
