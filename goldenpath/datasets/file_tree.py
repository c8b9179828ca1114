"""Walks the files of a folder in the order of the bytes of their paths, and refuses files that no dataset can hold."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from goldenpath.datasets.file_hashing import stamp_of
from goldenpath.errors import MAX_PROBLEMS, InputError, Problem, more_problems, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FileTree", "FoundFile"]

_SPECIAL: Final = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISCHR, "a character device"),
)
_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")
_NO_FOLDER: Final = (0, 0, 0, 0)


class FoundFile(NamedTuple):
    """A file with its stamp when the walk found it. A path that ends in ``/`` is an empty folder."""

    path: bytes
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


@dataclass
class FileTree:
    """One walk through a folder.

    The walk collects problems, so that one run names them all, or the first hundred of very many.

    Attributes:
        root: the folder.
        problems: the files that cannot be part of a dataset, as far as the walk has come.
        skip: names at the top of the folder that are not part of the dataset.

    """

    root: bytes
    problems: list[Problem] = field(default_factory=list)
    skip: frozenset[bytes] = frozenset()
    _more: int = 0
    _folders: list[tuple[bytes, tuple[int, int, int, int]]] = field(default_factory=list)

    def __iter__(self) -> Iterator[FoundFile]:
        """Yield each file. A folder sorts as if its name ended in ``/``, which is the order of whole paths."""
        stack = [iter(self._entries(b""))]
        while stack:
            for path, found in stack[-1]:
                if found is not None:
                    yield FoundFile(path, *stamp_of(found))
                elif entries := self._entries(path):
                    stack.append(iter(entries))
                    break
                else:
                    yield FoundFile(path, 0, 0, 0, 0)
            else:
                stack.pop()

    def refuse(self, path: bytes, rule: str, message: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(_shown(path), rule, message))
        else:
            self._more += 1

    def check(self) -> None:
        """Check that no folder has changed since the walk read it.

        Raises:
            InputError: a folder has changed, or the walk had problems.
        """
        message = "changed during the read; stop the programs that write to it, and run the command again"
        for path, stamp in self._folders:
            if self._stamp(path) != stamp:
                self.refuse(path, "changed-while-read", message)
        self.raise_problems()

    def raise_problems(self) -> None:
        """Raise the problems of the walk, if it had any.

        Raises:
            InputError: the walk had problems.
        """
        if self._more:
            raise InputError([*self.problems, more_problems(self._more)])
        if self.problems:
            raise InputError(self.problems)

    def _entries(self, folder: bytes) -> list[tuple[bytes, os.stat_result | None]]:
        """The sorted paths in a folder: files with their status, folders (which end in ``/``) without."""
        self._folders.append((folder, self._stamp(folder)))
        entries: list[tuple[bytes, os.stat_result | None]] = []
        try:
            with os.scandir(self.root + b"/" + folder) as listed:
                for entry in listed:
                    if not folder and entry.name in self.skip:
                        continue
                    if found := self._entry(folder + entry.name, entry):
                        entries.append(found)
        except OSError as error:
            self.refuse(folder, "unreadable", f"cannot be listed: {error.strerror}")
        entries.sort(key=lambda each: each[0])
        return entries

    def _entry(self, path: bytes, entry: os.DirEntry[bytes]) -> tuple[bytes, os.stat_result | None] | None:
        try:
            path.decode()
        except UnicodeDecodeError:
            self.refuse(path, "name-not-utf-8", "has a name that is not UTF-8; rename it")
            return None
        if _CONTROL.search(entry.name):
            self.refuse(path, "name-control", "has a control character in its name; rename it")
            return None
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError as error:
            self.refuse(path, "unreadable", f"cannot be inspected: {error.strerror}")
            return None
        if stat.S_ISREG(found.st_mode):
            return path, found
        if stat.S_ISDIR(found.st_mode):
            return path + b"/", None
        if stat.S_ISLNK(found.st_mode):
            message = (
                "is a symbolic link, which may lead anywhere; remove it, or copy the folder with `cp -rL`"
            )
            self.refuse(path, "symlink", message)
        else:
            kind = next((name for is_one, name in _SPECIAL if is_one(found.st_mode)), "no file and no folder")
            self.refuse(path, "special-file", f"is {kind}; remove it")
        return None

    def _stamp(self, folder: bytes) -> tuple[int, int, int, int]:
        try:
            found = os.lstat(self.root + b"/" + folder.rstrip(b"/"))
        except OSError:
            return _NO_FOLDER
        return stamp_of(found) if stat.S_ISDIR(found.st_mode) or not folder else _NO_FOLDER


def _shown(path: bytes) -> str:
    """A path in printable characters, on one line."""
    text = path.decode(errors="backslashreplace")
    return text if text.isprintable() else shown(text)
