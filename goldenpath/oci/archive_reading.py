"""Reads an untrusted archive within limits. It accepts only the form that :mod:`archive_writing` writes. Pure."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from goldenpath.errors import ArtifactRefusedError
from goldenpath.git.path_names import path_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_CONTENT_BYTES", "files_in"]

MAX_CONTENT_BYTES: Final = 64 << 20
"""The largest unpacked archive, in bytes. A folder of a large tenant has some hundred kilobytes."""

_BLOCK: Final = 512
_GZIP: Final = 16 + zlib.MAX_WBITS
_CHECKSUM: Final = slice(148, 156)


def files_in(archive: bytes, *, limit: int = MAX_CONTENT_BYTES) -> dict[str, bytes]:
    """Return the files of a ``tar.gz``, by path.

    Raises:
        ArtifactRefusedError: the archive is damaged, unpacks to more than ``limit`` bytes, repeats a path, or has an entry
            that is not a plain file with a safe path.
    """
    tar = _unzipped(archive, limit)
    files: dict[str, bytes] = {}
    at = 0
    while any(header := tar[at : at + _BLOCK]):
        path, size = _entry(header)
        if path in files:
            raise ArtifactRefusedError("archive-path", f"the archive has {path!r} twice")
        start = at + _BLOCK
        if start + size > len(tar):
            raise ArtifactRefusedError("archive", f"the archive ends within {path!r}")
        files[path] = tar[start : start + size]
        at = start + size + -size % _BLOCK
    for path in files:
        if clash := next((folder for folder in _folders(path) if folder in files), None):
            raise ArtifactRefusedError("archive-path", f"the archive has {clash!r} as a file and as a folder")
    if any(tar[at:]) or len(tar) < at + 2 * _BLOCK:
        raise ArtifactRefusedError("archive", "the archive has no end, or has bytes after it")
    return files


def _unzipped(archive: bytes, limit: int) -> bytes:
    unzip = zlib.decompressobj(_GZIP)
    try:
        tar = unzip.decompress(archive, limit + 1)
    except zlib.error as error:
        raise ArtifactRefusedError("archive", f"the layer is not a gzip stream ({error})") from None
    if len(tar) > limit:
        raise ArtifactRefusedError("archive-size", f"the layer unpacks to more than {limit >> 20} MiB")
    if not unzip.eof:
        raise ArtifactRefusedError("archive", "the layer's gzip stream has no end")
    if unzip.unused_data:
        raise ArtifactRefusedError("archive", "the layer has bytes after its gzip stream")
    return tar


def _entry(header: bytes) -> tuple[str, int]:
    """Path and size of the file in a header."""
    blank = bytearray(header)
    blank[_CHECKSUM] = b" " * 8
    try:
        prefix, name = (_text(header[part]) for part in (slice(345, 500), slice(100)))
        size, checksum = (_octal(header[part]) for part in (slice(124, 135), slice(148, 154)))
        is_whole = len(header) == _BLOCK and checksum == sum(blank)
    except ValueError:
        is_whole = False
    if not is_whole or header[257:265] != b"ustar\x0000":
        raise ArtifactRefusedError("archive", "the archive has a header that is damaged or is not USTAR")
    path = f"{prefix}/{name}" if prefix else name
    if header[156:157] != b"0":
        raise ArtifactRefusedError("archive-path", f"the archive has {path!r}, which is not a plain file")
    if path_problem(path) is not None:
        raise ArtifactRefusedError("archive-path", f"the archive has the unsafe path {path!r}")
    return path, size


def _folders(path: str) -> Iterator[str]:
    """The folders above a path."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _octal(field: bytes) -> int:
    if not field.isdigit():  # `int` alone would take a sign, blanks and underscores
        raise ValueError(field)
    return int(field, 8)


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode()
