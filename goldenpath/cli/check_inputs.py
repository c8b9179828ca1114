"""The files that a check looks at, each read a document at a time."""

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

__all__ = ["InputDocument", "Named", "gather"]

_IN_MEMORY: Final = 1024 * 1024
_PIECE: Final = 256 * 1024
_MOST_BYTES: Final = 4 * 1024**3
"""The longest standard input: it is kept in a temporary file, since it is read twice."""
_REQUEST: Final = re.compile(rb"golden_path|\\")
"""What is in each text that has a request: the field's name, or a backslash, which may spell it."""
_LONGEST_MATCH: Final = len(b"golden_path")


@dataclass(frozen=True)
class Named:
    """A file to look at, and the folder that it was found in; None where the person named the file itself."""

    name: str
    folder: Path | None
    size: int
    spooled: IO[bytes] | None = None
    """Where standard input is kept."""
    on_read: list[Callable[[int], None]] = field(default_factory=list)
    """Called with the number of bytes of each read."""

    @property
    def path(self) -> Path | None:
        """The file; None for standard input."""
        return None if self.spooled is not None else Path(self.name)

    @property
    def cluster(self) -> str | None:
        """The cluster whose folder of a fleet repository the file is in, if any."""
        if self.folder is None:
            return None
        steps = Path(self.name).parts[:-1]
        return next((after for step, after in itertools.pairwise(steps) if step == "clusters"), None)

    def documents(self) -> Iterator[InputDocument]:
        """Its documents, one at a time. Raises ``InputError`` where it cannot be read any more."""
        with self._open() as stream:
            for document in kubeyaml.stream_documents(_Watched(stream, self.on_read), name=self.name):  # type: ignore[arg-type]
                yield InputDocument(self, document)

    def texts(self, parts: set[int]) -> Iterator[tuple[int, int, str]]:
        """Index, first line and text of some parts between separators."""
        with self._open() as stream:
            for index, line, text in kubeyaml.stream_texts(stream, name=self.name):
                if index in parts:
                    yield index, line, text

    @cached_property
    def has_requests(self) -> bool:
        """Whether a document is a request; a file that cannot say ``golden_path`` is not parsed for it."""
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


class _Watched:
    """A stream that says how much was read of it."""

    def __init__(self, stream: IO[bytes], on_read: list[Callable[[int], None]]) -> None:
        self._stream = stream
        self._on_read = on_read

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        for on_read in self._on_read:
            on_read(len(content))
        return content


class InputDocument:
    """A document of a file, as it comes."""

    def __init__(self, named: Named, read: kubeyaml.StreamedDocument) -> None:
        self.named = named
        self.part = read.index
        self.path = read.path
        self.refused = read.refused
        self.kind = kind_of(read.value)
        # Only what people write keeps the text of its numbers: the checks of objects take plain values.
        is_plain = read.written and self.kind not in {DocumentKind.REQUEST, DocumentKind.FLEET}
        self.value: Any = kubeyaml.plain(read.value) if is_plain else read.value
        self._line = read.line
        self._text = read.text

    @property
    def line(self) -> int | None:
        """The line where it starts, of an item of a large List, whose fields have no lines of their own."""
        return None if self._text else self._line + 1

    @cached_property
    def _positions(self) -> Positions:
        return Positions(self._text)

    def line_of(self, field: str) -> int | None:
        """The line (from 1) of a field."""
        if not self._text:
            return self._line + 1
        line = self._positions.line_of(field)
        return None if line is None else self._line + line


def gather(names: Iterable[str], problems: list[Problem], kept: ExitStack) -> Iterator[Named]:
    """What is named, and the YAML files of a folder, each once; what cannot be read is noted among the problems.

    What comes from standard input is there until ``kept`` is closed.
    """
    seen: set[str] = set()
    for name in names:
        folder = Path(name) if name != STDIN and Path(name).is_dir() else None
        for file in each_file_once((name,) if folder is None else yaml_files(folder), seen):
            try:
                yield _standard_input(kept) if file == STDIN else _file(str(file), folder)
            except InputError as error:
                problems += error.problems


def _file(name: str, folder: Path | None) -> Named:
    with kubeyaml.open_regular(name) as stream:
        return Named(name, folder, stream.seek(0, 2))


def _standard_input(kept: ExitStack) -> Named:
    content = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed with `kept`
    kept.callback(content.close)
    size = 0
    while piece := sys.stdin.buffer.read(_PIECE):
        size += content.write(piece)
        if size > _MOST_BYTES:
            raise InputError.of("", "yaml-size", f"has more than {_MOST_BYTES:,} bytes", file="<stdin>")
    return Named("<stdin>", None, size, content)
