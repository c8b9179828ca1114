"""Streams a layer as an archive. Its bytes follow from names and contents, and it is never whole in memory.

The archive has USTAR headers, and an extended header (POSIX pax) for a name or a size that does not fit. Modes, owners
and times are constants. The archive is not compressed, because weights do not get smaller, and the output of a
compressor changes with its version.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath.datasets.file_hashing import READ_FLAGS, stamp_of
from goldenpath.errors import InputError
from goldenpath.oci.archive_writing import ustar_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = ["LayerFile", "MeasuredLayer", "TarLayer", "measure_layer"]

_BLOCK: Final = 512
_CHUNK: Final = 4 << 20
_NAME_BYTES: Final = 100
_MAX_USTAR_SIZE: Final = 8**11 - 1


@dataclass(frozen=True, slots=True)
class LayerFile:
    """A file of a layer: its path below the folder, and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class TarLayer:
    """A layer with some files of a folder, and the folders above these files."""

    folder: Path
    files: tuple[LayerFile, ...]

    @property
    def size(self) -> int:
        """The size of the archive in bytes, known before any file is read."""
        headers = sum(len(header) for header, _ in self._entries())
        return headers + sum(file.size + -file.size % _BLOCK for file in self.files) + 2 * _BLOCK

    def chunks(self, on_file: Callable[[str, bytes], None] | None = None) -> Iterator[bytes]:
        """Yield the archive, piece by piece. ``on_file`` receives the path and the SHA-256 of each file after its end.

        Raises:
            InputError: a file cannot be read, or has another size than expected.
        """
        for header, file in self._entries():
            yield header
            if file is None:
                continue
            whole = hashlib.sha256()
            for chunk in self._content(file):
                whole.update(chunk)
                yield chunk
            yield bytes(-file.size % _BLOCK)
            if on_file is not None:
                on_file(file.path, whole.digest())
        yield bytes(2 * _BLOCK)

    def _entries(self) -> Iterator[tuple[bytes, LayerFile | None]]:
        """The header of each folder and each file, and the file."""
        seen: set[str] = set()
        for file in self.files:
            for folder in _folders(file.path):
                if folder not in seen:
                    seen.add(folder)
                    yield _header(f"{folder}/", 0, b"5"), None
            yield _header(file.path, file.size, b"0"), file

    def _content(self, file: LayerFile) -> Iterator[bytes]:
        place = self.folder / file.path
        try:
            descriptor = os.open(place, READ_FLAGS)
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
            message = "changed during the read; stop the programs that write to it, and run the command again"
            raise InputError.of(file.path, "changed-while-read", message, file=str(self.folder))


@dataclass(frozen=True, slots=True)
class MeasuredLayer:
    """A layer with the digest of its archive (``sha256:…``), and the SHA-256 of each file by its path."""

    layer: TarLayer
    digest: str
    files: Mapping[str, bytes]


def measure_layer(layer: TarLayer, on_read: Callable[[int], None]) -> MeasuredLayer:
    """Read the files of a layer, and hash its archive.

    Raises:
        InputError: a file cannot be read, or changes during the read.
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


def _header(path: str, size: int, kind: bytes) -> bytes:
    """The header of an entry, after an extended header if the path or the size needs one."""
    name = path.encode()
    records = b""
    if len(name) > _NAME_BYTES or not path.isascii():
        records += _record(b"path", name)
    if size > _MAX_USTAR_SIZE:
        records += _record(b"size", b"%d" % size)
    extended = b""
    if records:
        extended = ustar_header(b"pax", len(records), kind=b"x") + records + bytes(-len(records) % _BLOCK)
    shown = name[:_NAME_BYTES] if path.isascii() else hashlib.sha256(name).hexdigest().encode()
    mode = 0o755 if kind == b"5" else 0o644
    return extended + ustar_header(shown, size if size <= _MAX_USTAR_SIZE else 0, kind=kind, mode=mode)


def _record(key: bytes, value: bytes) -> bytes:
    """A record of an extended header. Its length includes its own digits."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    if len(str(length)) != len(str(rest)):
        length = rest + len(str(length))
    return b"%d %b=%b\n" % (length, key, value)
