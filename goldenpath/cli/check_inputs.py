"""The input files of a check, read one document at a time."""

from __future__ import annotations

import itertools
import re
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.cli.input_files import STDIN, DocumentKind, each_file_once, kind_of, yaml_files
from goldenpath.errors import InputError
from goldenpath.kubeyaml.positions import Positions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import ExitStack
    from typing import IO

    from goldenpath.errors import Problem

__all__ = ["InputDocument", "InputFile", "find_input_files"]

_IN_MEMORY: Final = 1024 * 1024
_PIECE: Final = 256 * 1024
_MOST_BYTES: Final = 4 * 1024**3
"""The longest standard input, which is kept in a temporary file because it is read twice."""
_REQUEST: Final = re.compile(rb"golden_path|\\")
"""Text that every request contains: the field's name, or a backslash, which may escape it."""
_LONGEST_MATCH: Final = len(b"golden_path")


@dataclass(frozen=True)
class InputFile:
    """A file to check; ``folder`` is the named folder that contains it, or None if the person named the file."""

    name: str
    folder: Path | None
    size: int
    spooled: IO[bytes] | None = None
    """The copy of standard input."""
    on_read: list[Callable[[int], None]] = field(default_factory=list)
    """Called with the number of bytes of each read."""

    @property
    def path(self) -> Path | None:
        """The file; None for standard input."""
        return None if self.spooled is not None else Path(self.name)

    @property
    def cluster(self) -> str | None:
        """The cluster whose folder in a fleet repository contains the file, if any."""
        if self.folder is None:
            return None
        steps = Path(self.name).parts[:-1]
        return next((after for step, after in itertools.pairwise(steps) if step == "clusters"), None)

    def documents(self) -> Iterator[InputDocument]:
        """Read the documents one at a time.

        Raises:
            InputError: the file cannot be read any more.
        """
        with self._open() as stream:
            for document in kubeyaml.stream_documents(_CountedStream(stream, self.on_read), name=self.name):  # type: ignore[arg-type]
                yield InputDocument(self, document)

    def texts(self, parts: set[int]) -> Iterator[tuple[int, int, str]]:
        """Index, first line and text of these documents."""
        with self._open() as stream:
            for index, line, text in kubeyaml.stream_texts(stream, name=self.name):
                if index in parts:
                    yield index, line, text

    @cached_property
    def has_requests(self) -> bool:
        """Whether a document is a request; a file without ``golden_path`` is not parsed."""
        with self._open() as stream:
            before = b""
            while piece := stream.read(_PIECE):
                if _REQUEST.search(before + piece):
                    break
                before = piece[-_LONGEST_MATCH:]
            else:
                return False
        return any(document.kind is DocumentKind.REQUEST for document in self.documents())

    @contextmanager
    def _open(self) -> Iterator[IO[bytes]]:
        if self.spooled is not None:
            self.spooled.seek(0)
            yield self.spooled
        else:
            with kubeyaml.open_regular(self.name) as stream:
                yield stream


class _CountedStream:
    """A stream that reports the size of each read."""

    def __init__(self, stream: IO[bytes], on_read: list[Callable[[int], None]]) -> None:
        self._stream = stream
        self._on_read = on_read

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        for on_read in self._on_read:
            on_read(len(content))
        return content


class InputDocument:
    """A document of an input file."""

    def __init__(self, file: InputFile, read: kubeyaml.StreamedDocument) -> None:
        self.file = file
        self.part = read.index
        self.path = read.path
        self.refused = read.refused
        self.kind = kind_of(read.value)
        # Only requests and fleets keep the text of their numbers; checks of objects take plain values.
        is_plain = read.written and self.kind not in {DocumentKind.REQUEST, DocumentKind.FLEET}
        self.value: Any = kubeyaml.plain(read.value) if is_plain else read.value
        self._line = read.line
        self._text = read.text

    @property
    def line(self) -> int | None:
        """The first line of an item of a large List, whose fields have no known lines; else None."""
        return None if self._text else self._line + 1

    @cached_property
    def _positions(self) -> Positions:
        return Positions(self._text)

    def line_of(self, field: str) -> int | None:
        """The line of a field, counted from 1."""
        if not self._text:
            return self._line + 1
        line = self._positions.line_of(field)
        return None if line is None else self._line + line


def find_input_files(names: Iterable[str], problems: list[Problem], kept: ExitStack) -> Iterator[InputFile]:
    """Find the named files, and the YAML files of named folders, each once.

    A file that cannot be read is added to ``problems``. The copy of standard input exists until ``kept`` is closed.
    """
    seen: set[str] = set()
    for name in names:
        folder = Path(name) if name != STDIN and Path(name).is_dir() else None
        for file in each_file_once((name,) if folder is None else yaml_files(folder), seen):
            try:
                yield _standard_input(kept) if file == STDIN else _file(str(file), folder)
            except InputError as error:
                problems += error.problems


def _file(name: str, folder: Path | None) -> InputFile:
    with kubeyaml.open_regular(name) as stream:
        return InputFile(name, folder, stream.seek(0, 2))


def _standard_input(kept: ExitStack) -> InputFile:
    content = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed with `kept`
    kept.callback(content.close)
    size = 0
    while piece := sys.stdin.buffer.read(_PIECE):
        size += content.write(piece)
        if size > _MOST_BYTES:
            raise InputError.of("", "yaml-size", f"has more than {_MOST_BYTES:,} bytes", file="<stdin>")
    return InputFile("<stdin>", None, size, content)
