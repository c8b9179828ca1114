"""The content of a file, which is read into memory at first use.

A change of ten thousand tenants touches two hundred thousand files. Of nearly all, only the id is ever asked for.
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
    """A text that is there."""

    text: str

    @property
    def id(self) -> str:
        """Git's id of the file."""
        return blob_id(self.text.encode())

    @property
    def data(self) -> bytes:
        """What a writer takes."""
        return self.text.encode()


@dataclass(frozen=True, slots=True)
class PackedContent:
    """A text that was made ready for Git, here or in another process."""

    packed: PreparedObject

    @property
    def id(self) -> str:
        """Git's id of the file."""
        return self.packed.id

    @property
    def text(self) -> str:
        """The text."""
        return zlib.decompress(self.packed.compressed).decode()

    @property
    def data(self) -> PreparedObject:
        """What a writer takes."""
        return self.packed


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A file in the repository. What is not a plain file has a text that nothing rendered ever has."""

    reader: ObjectReader
    entry: TreeEntry

    @property
    def id(self) -> str:
        """Git's id of the file; of what is not a plain file, one that nothing rendered ever has."""
        return self.entry.id if self.entry.mode == FILE_MODE else f"{self.entry.mode:o} {self.entry.id}"

    @property
    def text(self) -> str:
        """The text."""
        # The id of a submodule is a commit of another repository.
        is_blob = self.entry.is_blob
        text = self.reader.blob(self.entry.id).decode(errors="replace") if is_blob else self.entry.id
        return text if self.entry.mode == FILE_MODE else f"(mode {self.entry.mode:o}) {text}"

    @property
    def data(self) -> str:
        """What a writer takes."""
        return self.entry.id


Content = PlainContent | PackedContent | StoredContent
"""The content of a file, wherever it is."""
