"""Keeps objects on disk until all are known, so that memory does not grow with the input."""

from __future__ import annotations

import marshal
import struct
import tempfile
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, overload

from goldenpath.manifests import ManifestObject

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ObjectSpool", "ObjectStore", "SpooledObject"]

_IN_MEMORY: Final = 1024 * 1024
_LENGTH: Final = struct.Struct("<Q")


class SpooledObject(NamedTuple):
    """An object, with the number of its file, the document in the file, and its path in a List."""

    file: str
    number: int
    part: int
    path: str
    line: int | None
    """Set only for an item of a large List, whose text cannot be read again."""
    unfinished: bool
    body: dict[str, Any]


class ObjectStore:
    """Records in a temporary file without a name, which the system always removes; a small store stays in memory."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed with the store
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, record: SpooledObject) -> int:
        """Write a record, and return its place."""
        content = marshal.dumps(tuple(record))
        place = self._end
        self._file.seek(place)
        self._file.write(_LENGTH.pack(len(content)) + content)
        self._end += _LENGTH.size + len(content)
        return place

    def read(self, place: int) -> SpooledObject:
        """Read the record at a place."""
        self._file.seek(place)
        (length,) = _LENGTH.unpack(self._file.read(_LENGTH.size))
        return SpooledObject(*marshal.loads(self._file.read(length)))  # noqa: S302 - written by this process


class ObjectSpool(Sequence[ManifestObject]):
    """A sequence of objects in a store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._places = array("Q")

    def add(self, record: SpooledObject) -> None:
        """Append an object."""
        self._places.append(self._store.write(record))

    def records(self) -> Iterator[SpooledObject]:
        """The objects with their places in files."""
        return map(self._store.read, self._places)

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> ManifestObject: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ManifestObject, ...]: ...
    def __getitem__(self, index: int | slice) -> ManifestObject | tuple[ManifestObject, ...]:
        if isinstance(index, slice):
            return tuple(self[each] for each in range(*index.indices(len(self))))
        record = self._store.read(self._places[index])
        return ManifestObject(record.file, record.body)
