"""Reads a stream exactly, one document at a time, in memory that does not grow with the input.

A List that exceeds the size of a document is read item by item, because it is never sent to an API server as a whole.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

import yaml

from goldenpath.errors import InputError
from goldenpath.kubeyaml import _read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

__all__ = ["StreamedDocument", "stream_documents", "stream_texts"]

_PIECE: Final = 256 * 1024
_SEPARATOR: Final = "\n---"
_LONGEST_SEPARATOR: Final = 4096


@dataclass(frozen=True, slots=True)
class StreamedDocument:
    """One document of a stream, or one item of a List that exceeds the size of a document."""

    index: int
    """Index of its part between separators, from 0."""
    line: int
    """First line, from 0."""
    text: str
    """The text; empty for an item of a large List."""
    value: Any
    """The value; None for a refused document."""
    written: bool = False
    """Whether its numbers keep their text."""
    path: str = ""
    """Path in a large List: ``items[3]``."""
    refused: InputError | None = None
    """The error of a refused document."""


def stream_documents(stream: IO[bytes], *, name: str) -> Iterator[StreamedDocument]:
    """Yield the documents of a stream that are not empty, each as :func:`goldenpath.kubeyaml.load_all` reads it.

    A refused document does not hide the others. Numbers of a request or a fleet keep their text
    (:func:`goldenpath.kubeyaml.plain` removes it).
    """
    parts = _Parts(stream, name)
    try:
        for index, line, text in parts:
            yield from _documents(parts, index, line, text, name)
    except InputError as error:  # the separators are broken, so the next document cannot be found
        yield StreamedDocument(parts.index, parts.line, "", None, refused=error)


def stream_texts(stream: IO[bytes], *, name: str) -> Iterator[tuple[int, int, str]]:
    """Yield index, first line and text of each part between separators, cut at the size of a document."""
    yield from _Parts(stream, name)


def _documents(parts: _Parts, index: int, line: int, text: str, name: str) -> Iterator[StreamedDocument]:
    try:
        if len(text) > _read.MAX_DOCUMENT_CHARS:
            for at, path, item in _LargeList(parts, text, line, name).items():
                yield StreamedDocument(index, at, "", item, path=path)
            return
        written = "golden_path" in text or "fleet/" in text
        is_only = index == 0 and parts.ended
        read = _read.load_json_or_document if is_only else _read.load_document
        value = read(text, first_line=line, name=name, written=written)
        if not written and _is_request_or_fleet(value):  # an escape in a key, such as "golden\u005fpath"
            written, value = True, read(text, first_line=line, name=name, written=True)
    except InputError as error:
        yield StreamedDocument(index, line, "", None, refused=error)
        return
    if value is not None:
        yield StreamedDocument(index, line, text, value, written=written)


def _is_request_or_fleet(value: Any) -> bool:
    return isinstance(value, dict) and (
        "golden_path" in value or str(value.get("format", "")).startswith("fleet/")
    )


class _Parts:
    """Cuts the text of a stream at every line that starts with ``---``, as ``split`` cuts a whole text."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream = stream
        self._name = name
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._read_bytes = 0
        self._buffer = ""
        self._part_is_open = False
        self._at_end = False
        self._broken: InputError | None = None
        self.index = -1
        self.line = 0

    @property
    def ended(self) -> bool:
        """Whether the stream ends after the last part."""
        return self._at_end and not self._buffer

    def __iter__(self) -> Iterator[tuple[int, int, str]]:
        self._fill()
        self._buffer = self._buffer.removeprefix("\ufeff")
        while self._buffer or not self._at_end:
            self._skip_open_part()
            while self._starts_with_separator():
                self._skip_separator()
            self.index += 1
            first_line = self.line
            text = self._until_separator(_read.MAX_DOCUMENT_CHARS)
            yield self.index, first_line, text
        if self._broken is not None:
            raise self._broken

    def rest(self) -> str:
        """Return the next piece of a part that was cut; empty at the end of the part."""
        return self._until_separator(_PIECE) if self._part_is_open else ""

    def _skip_open_part(self) -> None:
        while self._part_is_open:
            self._until_separator(_PIECE)

    def _until_separator(self, most: int) -> str:
        """Return the text up to the next separator, or a little more than ``most`` characters."""
        start, end = 0, -1
        while end < 0:
            at = self._buffer.find(_SEPARATOR, start)
            self._part_is_open = at < 0
            if at >= 0:
                end = at + 1
            elif len(self._buffer) > most + _PIECE:
                end = len(self._buffer) - len(_SEPARATOR)
            else:
                start = max(0, len(self._buffer) - len(_SEPARATOR))
                if not self._fill():
                    end, self._part_is_open = len(self._buffer), False
        text, self._buffer = self._buffer[:end], self._buffer[end:]
        self.line += text.count("\n")
        return text

    def _starts_with_separator(self) -> bool:
        while len(self._buffer) < len(_SEPARATOR) and self._fill():
            pass
        return self._buffer.startswith("---")

    def _skip_separator(self) -> None:
        while "\n" not in self._buffer and len(self._buffer) < _LONGEST_SEPARATOR and self._fill():
            pass
        separator, line_break, after = self._buffer.partition("\n")
        self._buffer = after
        rest = separator.removeprefix("---").strip()
        if (rest and not rest.startswith("#")) or len(separator) > _LONGEST_SEPARATOR:
            message = f"line {self.line + 1}: only a comment can follow '---' on its line"
            raise InputError.of("", "yaml-separator", message, rest, file=self._name)
        self.line += len(line_break)

    def _fill(self) -> bool:
        """Read more of the stream, and return whether there was more."""
        if self._at_end:
            if self._broken is not None:
                raise self._broken
            return False
        content = self._stream.read(_PIECE)
        self._at_end = not content
        try:
            self._buffer += self._decoder.decode(content, final=self._at_end)
        except UnicodeDecodeError as error:
            self._at_end = True
            self._buffer += error.object[: error.start].decode()
            byte = self._read_bytes + len(content) - len(error.object) + error.start
            message = f"the file is not UTF-8 text (byte {byte})"
            self._broken = InputError.of("", "yaml-encoding", message, file=self._name)
        self._read_bytes += len(content)
        return bool(content)


class _LargeList(_read.DocumentReader):
    """Composes the items of a List that exceeds the size of a document, one by one."""

    def __init__(self, parts: _Parts, text: str, first_line: int, name: str) -> None:
        super().__init__("", first_line, name, written=False)
        self._parts = parts
        self._begin = text
        self._handed_out = 0
        self._seen: dict[str, Any] = {}

    def read(self, _size: int) -> str:
        """Return more text for libyaml. A single value cannot exceed the size of a document."""
        text, self._begin = self._begin[:_PIECE], self._begin[_PIECE:]
        text = text or self._parts.rest()
        self._handed_out += len(text)
        if self._handed_out > _read.MAX_DOCUMENT_CHARS + 2 * _PIECE:
            self._too_large()
        return text

    def items(self) -> Iterator[tuple[int, str, Any]]:
        """Yield line (from 0), path and value of each item.

        Raises:
            InputError: the text is not a List or not YAML. Items before the error have been yielded.

        """
        with self._parsing(self):
            self._next()  # the stream's start
            self._next()  # the document's start
            start = self._next()
            if not isinstance(start, yaml.MappingStartEvent):
                self._too_large()
            self._flow_depth += bool(start.flow_style)
            while not isinstance(event := self._next(), yaml.MappingEndEvent):
                key, value = self._key(event, 1), self._next()
                if key == "items" and isinstance(value, yaml.SequenceStartEvent):
                    yield from self._items(value)
                else:
                    self._seen[key] = self._node(value, 2)
        if "items" not in self._seen:
            self._too_large()

    def _items(self, start: Any) -> Iterator[tuple[int, str, Any]]:
        self._seen["items"] = True
        self._flow_depth += bool(start.flow_style)
        kind, version = self._seen.get("kind"), self._seen.get("apiVersion")
        is_typed = isinstance(kind, str) and kind.endswith("List") and kind != "List"
        known = {"apiVersion": version, "kind": kind.removesuffix("List")} if is_typed and kind else {}
        number = 0
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            self._handed_out = self._from_aliases = 0
            line = self._first_line + event.start_mark.line
            item = self._node(event, 3)
            yield line, f"items[{number}]", {**known, **item} if isinstance(item, dict) else item
            number += 1
        self._handed_out = 0
        self._flow_depth -= bool(start.flow_style)

    def _check_slashes(self, event: Any) -> None:
        """Accept the escape: a List that exceeds the size of a document may be JSON."""

    def _too_large(self) -> NoReturn:
        most = f"{_read.MAX_DOCUMENT_CHARS:,}"
        message = f"a document can have at most {most} characters, and so can each item of a List"
        raise InputError.of("", "yaml-size", message, file=self._name)
