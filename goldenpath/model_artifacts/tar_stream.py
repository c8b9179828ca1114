"""Layers as streams: an archive of large files whose bytes follow from names and contents, never whole in memory.

USTAR headers, with an extended header (POSIX pax) where a name or a size does not fit. Modes, owners and times are
constants. Nothing is compressed: weights do not get smaller, and what a compressor writes changes with its version.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath.datasets.file_tree import stamp_of
from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = ["LayerFile", "MeasuredLayer", "TarLayer", "measured"]

_BLOCK: Final = 512
_CHUNK: Final = 4 << 20
_CHECKSUM: Final = slice(148, 156)
_NAME_BYTES: Final = 100
_LARGEST: Final = 8**11 - 1
_FLAGS: Final = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
)


@dataclass(frozen=True, slots=True)
class LayerFile:
    """A file of a layer: its path below the folder, and its size."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class TarLayer:
    """A layer: some files of a folder, and the folders above them."""

    folder: Path
    files: tuple[LayerFile, ...]

    @property
    def size(self) -> int:
        """The bytes of the archive, known before any file is read."""
        heads = sum(len(head) for head in self._heads())
        return heads + sum(file.size + -file.size % _BLOCK for file in self.files) + 2 * _BLOCK

    def chunks(self, on_file: Callable[[str, bytes], None] | None = None) -> Iterator[bytes]:
        """The archive, piece by piece.

        Args:
            on_file: receives the path and the SHA-256 of each file behind its last piece.

        Raises:
            InputError: a file cannot be read, or has changed since its size was noted.
        """
        made: set[str] = set()
        for file in self.files:
            for folder in _folders(file.path):
                if folder not in made:
                    made.add(folder)
                    yield _head(f"{folder}/", 0, b"5")
            yield _head(file.path, file.size, b"0")
            whole = hashlib.sha256()
            for chunk in self._content(file):
                whole.update(chunk)
                yield chunk
            yield bytes(-file.size % _BLOCK)
            if on_file is not None:
                on_file(file.path, whole.digest())
        yield bytes(2 * _BLOCK)

    def _heads(self) -> Iterator[bytes]:
        made: set[str] = set()
        for file in self.files:
            for folder in _folders(file.path):
                if folder not in made:
                    made.add(folder)
                    yield _head(f"{folder}/", 0, b"5")
            yield _head(file.path, file.size, b"0")

    def _content(self, file: LayerFile) -> Iterator[bytes]:
        place = self.folder / file.path
        try:
            descriptor = os.open(place, _FLAGS)
            with os.fdopen(descriptor, "rb", buffering=0) as opened:
                before = stamp_of(os.fstat(descriptor))
                read = 0
                while read <= file.size and (chunk := opened.read(_CHUNK)):
                    read += len(chunk)
                    if read <= file.size:
                        yield chunk
                is_same = read == file.size == before[0] and stamp_of(os.fstat(descriptor)) == before
        except OSError as error:
            message = f"cannot be read: {error.strerror}"
            raise InputError.of(file.path, "unreadable", message, file=str(self.folder)) from None
        if not is_same:
            message = "changed while it was read; let nothing write there, and run again"
            raise InputError.of(file.path, "changed-while-read", message, file=str(self.folder))


@dataclass(frozen=True, slots=True)
class MeasuredLayer:
    """A layer that was read once.

    Attributes:
        layer: the layer.
        digest: ``sha256:…`` of its archive.
        files: the SHA-256 of each file, by its path.

    """

    layer: TarLayer
    digest: str
    files: Mapping[str, bytes]


def measured(layer: TarLayer, on_read: Callable[[int], None]) -> MeasuredLayer:
    """Read a layer for its digest.

    Raises:
        InputError: a file cannot be read, or changes meanwhile.
    """
    whole = hashlib.sha256()
    files: dict[str, bytes] = {}
    for chunk in layer.chunks(files.__setitem__):
        whole.update(chunk)
        on_read(len(chunk))
    return MeasuredLayer(layer, f"sha256:{whole.hexdigest()}", files)


def _folders(path: str) -> list[str]:
    steps = path.split("/")[:-1]
    return ["/".join(steps[:depth]) for depth in range(1, len(steps) + 1)]


def _head(path: str, size: int, kind: bytes) -> bytes:
    """The header of an entry, behind an extended one where it needs that."""
    name = path.encode()
    records = b""
    if len(name) > _NAME_BYTES or not path.isascii():
        records += _record(b"path", name)
    if size > _LARGEST:
        records += _record(b"size", b"%d" % size)
    extended = b""
    if records:
        extended = _block(b"pax", len(records), b"x", 0o644) + records + bytes(-len(records) % _BLOCK)
    shown = name[:_NAME_BYTES] if path.isascii() else hashlib.sha256(name).hexdigest().encode()
    return extended + _block(shown, size if size <= _LARGEST else 0, kind, 0o755 if kind == b"5" else 0o644)


def _record(key: bytes, value: bytes) -> bytes:
    """A record of an extended header: its length counts its own digits."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    if len(str(length)) != len(str(rest)):
        length = rest + len(str(length))
    return b"%d %b=%b\n" % (length, key, value)


def _block(name: bytes, size: int, kind: bytes, mode: int) -> bytes:
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
        + bytes(64)
        + b"0000000\0" * 2
        + bytes(167)
    )
    header[_CHECKSUM] = b"%06o\0 " % sum(header)
    return bytes(header)
