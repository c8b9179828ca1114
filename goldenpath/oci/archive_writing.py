"""Writes a folder as a ``tar.gz`` whose bytes depend only on its files. Pure.

This module writes both formats itself. ``tarfile`` has changed the device fields of its headers between releases of
Python. The output of zlib changes with its version, and zlib-ng writes other bytes again. Stored blocks (RFC 1951, 3.2.4)
need no compressor, and a folder has only some tens of kilobytes.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from goldenpath.errors import InputError, Problem
from goldenpath.git.path_names import path_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["stored_gzip", "tar_of", "ustar_header"]

_BLOCK: Final = 512
_NAME_BYTES: Final = 100
_PREFIX_BYTES: Final = 155
_CHECKSUM: Final = slice(148, 156)
_STORED: Final = 0xFFFF
# No name, no time, no flags; 255 is "unknown" for the system.
_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """Return a USTAR archive of plain files, sorted by the bytes of their paths, with mode 0644, no owner and no time.

    Raises:
        InputError: USTAR cannot hold a path. The error names every such path.
    """
    problems = [problem for path in files if (problem := _problem(path))]
    if problems:
        raise InputError(problems)
    parts: list[bytes] = []
    for path in sorted(files, key=str.encode):
        data = files[path]
        prefix, name = _split(path.encode()) or (b"", b"")
        parts += (ustar_header(name, len(data), prefix=prefix), data, bytes(-len(data) % _BLOCK))
    return b"".join([*parts, bytes(2 * _BLOCK)])


def stored_gzip(data: bytes) -> bytes:
    """Return a gzip stream (RFC 1952) of stored blocks, without compression."""
    parts = [_GZIP_HEADER]
    for start in range(0, len(data) or 1, _STORED):
        chunk = data[start : start + _STORED]
        is_last = start + _STORED >= len(data)
        size = len(chunk)
        parts += (bytes([is_last]), size.to_bytes(2, "little"), (size ^ _STORED).to_bytes(2, "little"), chunk)
    parts += (zlib.crc32(data).to_bytes(4, "little"), (len(data) & 0xFFFFFFFF).to_bytes(4, "little"))
    return b"".join(parts)


def _problem(path: str) -> Problem | None:
    problem = path_problem(path)
    if problem is None and _split(path.encode()) is None:
        message = (
            f"is too long for an archive: the name may have {_NAME_BYTES} bytes, and the path of its folder "
            f"{_PREFIX_BYTES}; shorten it"
        )
        problem = Problem(path, "archive-path", message)
    return problem


def _split(path: bytes) -> tuple[bytes, bytes] | None:
    """Prefix and name of a USTAR header; None for a path that fits no pair of them."""
    if len(path) <= _NAME_BYTES:
        return b"", path
    at = path.find(b"/", len(path) - _NAME_BYTES - 1)
    return (path[:at], path[at + 1 :]) if 0 < at <= _PREFIX_BYTES else None


def ustar_header(
    name: bytes, size: int, *, kind: bytes = b"0", mode: int = 0o644, prefix: bytes = b""
) -> bytes:
    """Return the USTAR header of an entry without owner and time. ``kind`` is the type flag; ``0`` is a plain file."""
    header = bytearray(
        name.ljust(_NAME_BYTES, b"\0")
        + b"%07o\0" % mode
        + b"0000000\0" * 2  # owner and group
        + b"%011o\0" % size
        + b"00000000000\0"  # time
        + b" " * 8  # checksum, which counts itself as blanks
        + kind
        + bytes(100)
        + b"ustar\x0000"
        + bytes(64)  # names of owner and group
        + b"0000000\0" * 2  # device
        + prefix.ljust(_PREFIX_BYTES, b"\0")
        + bytes(12)
    )
    header[_CHECKSUM] = b"%06o\0 " % sum(header)
    return bytes(header)
