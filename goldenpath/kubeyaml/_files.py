"""Reads regular files with a limit on their size."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING, Final

from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike
    from typing import IO

__all__ = ["MAX_FILE_BYTES", "open_regular", "read_bytes", "read_text"]

MAX_FILE_BYTES: Final = 64 * 1024 * 1024


def read_text(path: str | PathLike[str]) -> str:
    """Return the text of a UTF-8 file, without a byte order mark. Raises ``InputError`` for an unreadable file."""
    content = read_bytes(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8 text (byte {error.start})"
        raise InputError.of("", "yaml-encoding", message, file=str(path)) from error


def read_bytes(path: str | PathLike[str]) -> bytes:
    """Return the content of a regular file.

    Raises:
        InputError: the file cannot be read, is larger than :data:`MAX_FILE_BYTES`, or is a pipe, a device or a folder.

    """
    with open_regular(path) as stream:
        content = stream.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        message = f"the file has more than {MAX_FILE_BYTES:,} bytes"
        raise InputError.of("", "yaml-size", message, file=str(path))
    return content


@contextlib.contextmanager
def open_regular(path: str | PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a regular file for reading.

    Raises:
        InputError: the file cannot be read, or is a pipe, a device or a folder, from which a read could wait for ever.

    """
    try:
        # A blocking open of a pipe without a writer would wait before the kind of the file is known.
        with open(path, "rb", opener=_open_without_waiting) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                message = "is not a regular file; name a file, or `-` to read standard input"
                raise InputError.of("", "unreadable", message, file=str(path))
            yield stream
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        raise InputError.of("", "unreadable", message, file=str(path)) from error


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
