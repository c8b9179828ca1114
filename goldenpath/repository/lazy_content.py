"""The content of a file, read into memory at first use.

A change of ten thousand tenants touches two hundred thousand files, and needs only the ids of nearly all of them.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.git.objects import FILE_MODE, blob_id

if TYPE_CHECKING:
    from goldenpath.git.object_reader import ObjectReader
    from goldenpath.git.objects import PreparedObject, TreeEntry

__all__ = ["Content", "PackedContent", "PlainContent", "StoredContent"]


@dataclass(frozen=True, slots=True)
class PlainContent:
    """A text in memory."""

    text: str

    @property
    def id(self) -> str:
        return blob_id(self.text.encode())

    @property
    def data(self) -> bytes:
        return self.text.encode()


@dataclass(frozen=True, slots=True)
class PackedContent:
    """A text as an object for a pack, possibly from another process."""

    packed: PreparedObject

    @property
    def id(self) -> str:
        return self.packed.id

    @property
    def text(self) -> str:
        return zlib.decompress(self.packed.compressed).decode()

    @property
    def data(self) -> PreparedObject:
        return self.packed


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A file in the repository. Anything but a plain file has an id and a text that no rendered file can have."""

    reader: ObjectReader
    entry: TreeEntry

    @property
    def id(self) -> str:
        return self.entry.id if self.entry.mode == FILE_MODE else f"{self.entry.mode:o} {self.entry.id}"

    @property
    def text(self) -> str:
        # The id of a submodule is a commit of another repository.
        is_blob = self.entry.is_blob
        text = self.reader.blob(self.entry.id).decode(errors="replace") if is_blob else self.entry.id
        return text if self.entry.mode == FILE_MODE else f"(mode {self.entry.mode:o}) {text}"

    @property
    def data(self) -> str:
        return self.entry.id


Content = PlainContent | PackedContent | StoredContent
"""The content of a file: ``id`` is Git's id, ``data`` the value for a ``CommitDraft``."""
