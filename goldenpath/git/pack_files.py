"""Write many objects as one pack and its index, durably.

Formats: gitformat-pack(5), version 2 of both files. No object is a delta: Git computes deltas when it repacks.
Measured with 35 objects and fsync, as a ratio: this pack 1, a pipe to ``git index-pack`` 1.4 to 2, loose objects 15
(one fsync each). For 200,000 objects, ``index-pack`` inflates and hashes each object a second time.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha1
from typing import TYPE_CHECKING, BinaryIO, Final

from goldenpath.errors import RepositoryError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from goldenpath.git.objects import PreparedObject

_KINDS: Final = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
# Larger offsets need the second table of the index.
_LARGEST_OFFSET: Final = 2**31 - 1
_READ_ONLY: Final = 0o444


def write_pack(folder: Path, objects: Collection[PreparedObject], *, more_mode: int = 0) -> Path:
    """Write objects as a pack. When this returns, Git finds the objects, also after a power cut.

    Git does not see the pack until the index has its final name. A killed process leaves files that begin with
    ``tmp_``; `git gc` removes them.

    Args:
        folder: ``objects/pack``.
        objects: the objects, each id once.
        more_mode: permissions to add to those of the umask, for a repository that several users share.

    Raises:
        RepositoryError: the objects exceed 2 GiB, or the disk is full or read-only; nothing was written.
    """
    unique = secrets.token_hex(8)
    pack, index = folder / f"tmp_pack_{unique}", folder / f"tmp_idx_{unique}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _create(pack, more_mode) as pack_file, _create(index, more_mode) as index_file:
            entries, checksum = _write_objects(pack_file, objects)
            index_file.write(_index(entries, checksum))
            _make_durable(pack_file, index_file)
        final = folder / f"pack-{checksum.hex()}.pack"
        # Git looks for indexes, so the pack is renamed first.
        pack.replace(final)
        index.replace(final.with_suffix(".idx"))
        _make_names_durable(folder)
    except OSError as error:
        raise RepositoryError(
            f"{folder}: new objects cannot be written: {error.strerror or error}"
        ) from error
    finally:
        for left in (pack, index):
            with contextlib.suppress(OSError):
                left.unlink()
    return final


def _create(path: Path, more_mode: int) -> BinaryIO:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _READ_ONLY)
    if more_mode:
        os.fchmod(descriptor, os.fstat(descriptor).st_mode & 0o777 | more_mode & _READ_ONLY)
    return open(descriptor, "wb", buffering=1 << 20)  # noqa: PTH123 - a descriptor; the caller closes it


def _write_objects(
    file: BinaryIO, objects: Collection[PreparedObject]
) -> tuple[list[tuple[bytes, int, int]], bytes]:
    """Write the pack. Return id, CRC and offset of each object, and the checksum of the pack."""
    head = b"PACK" + struct.pack(">II", 2, len(objects))
    digest = sha1(head, usedforsecurity=False)
    file.write(head)
    offset = len(head)
    entries: list[tuple[bytes, int, int]] = []
    for item in objects:
        data = _entry_head(_KINDS[item.kind], item.size) + item.compressed
        entries.append((bytes.fromhex(item.id), zlib.crc32(data), offset))
        digest.update(data)
        file.write(data)
        offset += len(data)
        if offset > _LARGEST_OFFSET:
            raise RepositoryError("new objects exceed 2 GiB; publish in several parts")
    file.write(digest.digest())
    return entries, digest.digest()


def _entry_head(kind: int, size: int) -> bytes:
    """Encode kind and size: the first byte has the kind and the lowest four bits of the size, each further byte seven."""
    byte, size = kind << 4 | size & 15, size >> 4
    head = bytearray()
    while size:
        head.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    head.append(byte)
    return bytes(head)


def _index(entries: list[tuple[bytes, int, int]], checksum: bytes) -> bytes:
    ordered = sorted(entries)
    up_to = [0] * 256
    for name, _, _ in ordered:
        up_to[name[0]] += 1
    for number in range(1, 256):
        up_to[number] += up_to[number - 1]
    count = len(ordered)
    data = b"".join(
        (
            b"\xfftOc",
            struct.pack(">I256I", 2, *up_to),
            *(name for name, _, _ in ordered),
            struct.pack(f">{count}I", *(crc for _, crc, _ in ordered)),
            struct.pack(f">{count}I", *(offset for _, _, offset in ordered)),
            checksum,
        )
    )
    return data + sha1(data, usedforsecurity=False).digest()


def _make_durable(*files: BinaryIO) -> None:
    """Sync both files at once: they share one commit of the file system's journal, which halves the wait."""
    for file in files:
        file.flush()
    first, *others = files
    with ThreadPoolExecutor(len(others)) as pool:
        waiting = [pool.submit(os.fsync, file.fileno()) for file in others]
        os.fsync(first.fileno())
        for result in waiting:
            result.result()


def _make_names_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
