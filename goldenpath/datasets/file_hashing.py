"""Hashes a batch of files in a worker process. A worker imports only this module and the standard library.

A batch is sent as a few byte strings. A million files as Python objects would need half a gigabyte.
"""

from __future__ import annotations

import hashlib
import os
import signal
import stat
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "DIGEST_BYTES",
    "READ_FLAGS",
    "UNKNOWN",
    "BatchResult",
    "FileBatch",
    "RefusedFile",
    "hash_batch",
    "hash_in_worker",
    "stamp_of",
    "start_worker",
]

DIGEST_BYTES: Final = 32
UNKNOWN: Final = bytes(DIGEST_BYTES)
"""Stands for a missing digest: the file has to be read."""
READ_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)  # opening a named pipe would wait for a writer
    | getattr(os, "O_BINARY", 0)
)
"""Flags that open a file of a dataset for reading; a symbolic link is an error."""

_STAMP: Final = struct.Struct("<qqqQ")
_CHUNK: Final = 1 << 20
_INODE: Final = (1 << 64) - 1


def stamp_of(found: os.stat_result) -> tuple[int, int, int, int]:
    """Return the facts that change when a file changes: size, times of content and inode, inode number."""
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino & _INODE


class RefusedFile(NamedTuple):
    """A file that could not be hashed: its number in the batch, a rule and a message."""

    number: int
    rule: str
    message: str


class BatchResult(NamedTuple):
    """The hashes of a batch, 32 bytes for each file, and the files that were refused."""

    digests: bytes
    refusals: tuple[RefusedFile, ...]


@dataclass(slots=True)
class FileBatch:
    """Files in canonical order.

    Attributes:
        paths: a zero byte and the path below the folder, for each file.
        stamps: size, times and inode of each file when the walk found it.
        known: the digest of each file, or :data:`UNKNOWN`.
        size: the number of bytes that have to be read.

    """

    paths: bytearray = field(default_factory=bytearray)
    stamps: bytearray = field(default_factory=bytearray)
    known: bytearray = field(default_factory=bytearray)
    size: int = 0

    def add(self, path: bytes, stamp: tuple[int, int, int, int], known: bytes) -> None:
        self.paths += b"\0" + path
        self.stamps += _STAMP.pack(*stamp)
        self.known += known
        if known == UNKNOWN:
            self.size += stamp[0]

    def __len__(self) -> int:
        return len(self.known) // DIGEST_BYTES

    def __iter__(self) -> Iterator[tuple[bytes, tuple[Any, ...]]]:
        """Path and stamp of each file."""
        return zip(bytes(self.paths).split(b"\0")[1:], _STAMP.iter_unpack(self.stamps), strict=True)


def hash_batch(root: bytes, batch: FileBatch, on_read: Callable[[int], None]) -> BatchResult:
    """Hash the files of a batch whose digests are not known. ``on_read`` receives numbers of bytes during the run."""
    digests = bytearray(batch.known)
    refusals: list[RefusedFile] = []
    buffer = bytearray(_CHUNK)
    unreported = 0
    for number, (path, stamp) in enumerate(batch):
        place = slice(number * DIGEST_BYTES, (number + 1) * DIGEST_BYTES)
        if digests[place] != UNKNOWN:
            continue
        unreported += stamp[0]
        large = stamp[0] > _CHUNK
        try:
            digests[place] = _digest(root + b"/" + path, stamp, buffer, on_read if large else None)
        except _ChangedError:
            message = "changed during the read; stop the programs that write to it, and run the command again"
            refusals.append(RefusedFile(number, "changed-while-read", message))
        except OSError as error:
            refusals.append(RefusedFile(number, "unreadable", f"cannot be read: {error.strerror}"))
        if large:
            unreported -= stamp[0]
        elif unreported > _CHUNK:
            on_read(unreported)
            unreported = 0
    on_read(unreported)
    return BatchResult(bytes(digests), tuple(refusals))


class _ChangedError(Exception):
    """A file has changed since the walk found it."""


def _digest(
    path: bytes, stamp: tuple[Any, ...], buffer: bytearray, on_read: Callable[[int], None] | None
) -> bytes:
    descriptor = os.open(path, READ_FLAGS)
    try:
        if on_read is None:
            # One byte more shows a file that has grown. A large, fixed buffer costs more time than a small file.
            data = os.read(descriptor, stamp[0] + 1)
            read = len(data)
            # A read may return less than the whole file; the loop reads the other pieces.
            whole = hashlib.sha256(data)
            while read < stamp[0] and (data := os.read(descriptor, _CHUNK)):
                whole.update(data)
                read += len(data)
        else:
            whole = hashlib.sha256()
            read = 0
            view = memoryview(buffer)
            with open(descriptor, "rb", buffering=0, closefd=False) as file:
                while size := file.readinto(buffer):
                    whole.update(view[:size])
                    read += size
                    on_read(size)
                    if read > stamp[0]:
                        break
        found = os.fstat(descriptor)
        if stamp_of(found) != stamp or read != stamp[0] or not stat.S_ISREG(found.st_mode):
            raise _ChangedError
        return whole.digest()
    finally:
        os.close(descriptor)


_counter: Any = None


def start_worker(counter: Any) -> None:
    """Prepare a worker process. It ignores Ctrl-C, because its parent ends it.

    ``counter`` is a number of bytes that the worker shares with its parent.
    """
    global _counter  # noqa: PLW0603 - one for each process
    _counter = counter
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def hash_in_worker(root: bytes, batch: FileBatch) -> BatchResult:
    """:func:`hash_batch`, in a worker process."""
    return hash_batch(root, batch, _count)


def _count(size: int) -> None:
    with _counter.get_lock():
        _counter.value += size
