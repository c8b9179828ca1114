"""Exact reading, a document at a time, in memory that does not grow with the input.

A List that is larger than a document may be is read item by item: it is never sent to an API server as a whole.
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
    """One document of a stream, or one item of a List that is too large to be held."""

    index: int
    """Which of the parts between separators it stands in, from 0."""
    line: int
    """The line (from 0) where it starts."""
    text: str
    """What was read; empty for an item of a large List."""
    value: Any
    """Its value; None where ``refused`` says why there is none."""
    written: bool = False
    """Whether its numbers remember their text."""
    path: str = ""
    """Its place in a large List: ``items[3]``."""
    refused: InputError | None = None


def stream_documents(stream: IO[bytes], *, name: str) -> Iterator[StreamedDocument]:
    """The documents of a stream that are not empty, each as :func:`goldenpath.kubeyaml.load_all` reads it.

    A document that is refused does not hide the others. Numbers remember their text where a person writes them, in a
    request or a fleet (:func:`goldenpath.kubeyaml.plain` takes that off).
    """
    parts = _Parts(stream, name)
    try:
        for index, line, text in parts:
            yield from _documents(parts, index, line, text, name)
    except InputError as error:  # the text itself: what comes after cannot be found
        yield StreamedDocument(parts.index, parts.line, "", None, refused=error)


def stream_texts(stream: IO[bytes], *, name: str) -> Iterator[tuple[int, int, str]]:
    """Index, first line and text of each part between separators; no more of a part than a document may have."""
    yield from _Parts(stream, name)


def _documents(parts: _Parts, index: int, line: int, text: str, name: str) -> Iterator[StreamedDocument]:
    try:
        if len(text) > _read.MAX_DOCUMENT_CHARS:
            for at, path, item in _LargeList(parts, text, line, name).items():
                yield StreamedDocument(index, at, "", item, path=path)
            return
        by_people = "golden_path" in text or "fleet/" in text
        is_only = index == 0 and parts.ended
        read = _read.load_json_or_document if is_only else _read.load_document
        value = read(text, first_line=line, name=name, written=by_people)
        if not by_people and _is_by_people(value):  # a name with an escape, such as "golden\u005fpath"
            by_people, value = True, read(text, first_line=line, name=name, written=True)
    except InputError as error:
        yield StreamedDocument(index, line, "", None, refused=error)
        return
    if value is not None:
        yield StreamedDocument(index, line, text, value, written=by_people)


def _is_by_people(value: Any) -> bool:
    return isinstance(value, dict) and (
        "golden_path" in value or str(value.get("format", "")).startswith("fleet/")
    )


class _Parts:
    """The text of a stream, cut at every line that opens with ``---``, as ``split`` does it with a text at hand."""

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
        """Whether nothing comes after the part that was given last."""
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
        """More of a part that was too long to be given at once; empty at its end."""
        return self._until_separator(_PIECE) if self._part_is_open else ""

    def _skip_open_part(self) -> None:
        while self._part_is_open:
            self._until_separator(_PIECE)

    def _until_separator(self, most: int) -> str:
        """The text to the next separator, or a little more than ``most`` characters."""
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
            message = f"line {self.line + 1}: nothing but a comment may follow '---' on its line"
            raise InputError.of("", "yaml-separator", message, rest, file=self._name)
        self.line += len(line_break)

    def _fill(self) -> bool:
        """Read on; whether there was anything."""
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
    """The items of a List that is too large for a document, composed one by one."""

    def __init__(self, parts: _Parts, text: str, first_line: int, name: str) -> None:
        super().__init__("", first_line, name, written=False)
        self._parts = parts
        self._begin = text
        self._handed_out = 0
        self._seen: dict[str, Any] = {}

    def read(self, _size: int) -> str:
        """For libyaml: more text. What is one value may be no longer than a document."""
        text, self._begin = self._begin[:_PIECE], self._begin[_PIECE:]
        text = text or self._parts.rest()
        self._handed_out += len(text)
        if self._handed_out > _read.MAX_DOCUMENT_CHARS + 2 * _PIECE:
            self._too_large()
        return text

    def items(self) -> Iterator[tuple[int, str, Any]]:
        """Line (from 0), path and value of each item.

        Raises:
            InputError: this is no List, or no YAML; items that stand before it have been given.

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
        """What is too large for a document may be JSON, which has this escape."""

    def _too_large(self) -> NoReturn:
        most = f"{_read.MAX_DOCUMENT_CHARS:,}"
        message = (
            f"a document may hold at most {most} characters, and a List of any length items of that length"
        )
        raise InputError.of("", "yaml-size", message, file=self._name)
