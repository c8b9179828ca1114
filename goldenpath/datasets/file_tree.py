"""A folder's files in the order of the bytes of their paths, and what cannot be part of a dataset."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from goldenpath.errors import MAX_PROBLEMS, InputError, Problem, more_problems, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FileTree", "FoundFile", "stamp_of"]

_SPECIAL: Final = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISCHR, "a character device"),
)
_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")
_INODE: Final = (1 << 64) - 1


class FoundFile(NamedTuple):
    """A file as the walk saw it; an empty folder where the path ends in ``/``."""

    path: bytes
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


def stamp_of(found: os.stat_result) -> tuple[int, int, int, int]:
    """What changes when a file does: size, times of content and inode, number of the inode."""
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino & _INODE


@dataclass
class FileTree:
    """One walk through a folder.

    Problems are collected, of very many the first hundred, so that one run names them all.

    Attributes:
        root: the folder.
        problems: what cannot be part of a dataset, so far.
        skip: paths of files at the top of the folder that are not part of it.

    """

    root: bytes
    problems: list[Problem] = field(default_factory=list)
    skip: frozenset[bytes] = frozenset()
    _more: int = 0
    _folders: list[tuple[bytes, tuple[int, int, int, int]]] = field(default_factory=list)

    def __iter__(self) -> Iterator[FoundFile]:
        """Each file. A folder is ordered as if its name ended in ``/``: that is the order of whole paths."""
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
        """Note a problem with a file."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(_shown(path), rule, message))
        else:
            self._more += 1

    def check(self) -> None:
        """Hold the folder against the walk.

        Raises:
            InputError: there were problems, or a folder has changed since it was read.
        """
        for path, stamp in self._folders:
            if self._stamp(path) != stamp:
                self.refuse(
                    path,
                    "changed-while-read",
                    "changed while it was read; let nothing write there, and run again",
                )
        self.raise_problems()

    def raise_problems(self) -> None:
        """End the walk where there were problems.

        Raises:
            InputError: with all of them.
        """
        if self._more:
            raise InputError([*self.problems, more_problems(self._more)])
        if self.problems:
            raise InputError(self.problems)

    def _entries(self, folder: bytes) -> list[tuple[bytes, os.stat_result | None]]:
        """Paths in a folder: files with what is known of them, folders (ending in ``/``) without."""
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
            self.refuse(path, "unreadable", f"cannot be looked at: {error.strerror}")
            return None
        if stat.S_ISREG(found.st_mode):
            return path, found
        if stat.S_ISDIR(found.st_mode):
            return path + b"/", None
        if stat.S_ISLNK(found.st_mode):
            message = (
                "is a symbolic link, which may lead anywhere; copy the folder with `cp -rL`, or remove it"
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
            return 0, 0, 0, 0
        return stamp_of(found) if stat.S_ISDIR(found.st_mode) or not folder else (0, 0, 0, 0)


def _shown(path: bytes) -> str:
    """A path as a person can read it, on one line."""
    text = path.decode(errors="backslashreplace")
    return text if text.isprintable() else shown(text)
