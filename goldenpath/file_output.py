"""Writes rendered files to a folder: only changed ones, each as a whole, and never outside the folder.

All files are checked before the first is written, so that a refusal leaves the folder unchanged. An unchanged file is
not written: a comparison is faster than a write, and build tools see no new time stamp.
"""

# Paths are strings here: making a Path for each file costs as much as comparing the file does.
# ruff: noqa: PTH103, PTH104, PTH105, PTH108, PTH110, PTH112, PTH123

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.manifests import is_kubernetes_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from goldenpath.manifests import RenderedFile

__all__ = ["WriteOutcome", "write_files"]

MANAGED_BY: Final = ("app.kubernetes.io/managed-by", "goldenpath")
"""The label on every rendered object. An object without it was not rendered by goldenpath, and is never removed."""


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """The paths of the files by outcome, relative to the folder, with ``/``.

    ``removed`` are files of an older render that the new one does not have. ``kept`` are files in the same folders
    that stay, since they hold a Namespace or an object that goldenpath did not render.
    """

    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def write_files(
    folder: Path,
    files: Iterable[RenderedFile],
    *,
    owned: Iterable[str] = (),
    keep_stale: bool = False,
    dry_run: bool = False,
) -> WriteOutcome:
    """Write rendered files to a folder, and remove stale ones.

    Args:
        folder: the folder that the paths are relative to; created if missing.
        files: the rendered files.
        owned: files and folders, relative to ``folder``, whose rendered manifests belong to this render alone;
            a manifest there that is not among ``files`` is removed.
        keep_stale: remove no file.
        dry_run: only return the outcome.

    Raises:
        InputError: a path leads outside the folder or through a symbolic link, another kind of file is at the path, or
            the disk cannot be written. Only an error of the disk in the middle leaves a part of the files written.
    """
    target = _Folder(folder)
    contents = {file.path: file.text.encode() for file in files}
    for path in contents:
        _check_plain(path)
    changed = [path for path, content in contents.items() if target.differs(path, content)]
    stale, kept = _stale(target, owned, frozenset(contents))
    removed = () if keep_stale else stale
    if not dry_run:
        target.write({path: contents[path] for path in changed})
        for path in removed:
            target.remove(path)
    skipped = frozenset(changed)
    return WriteOutcome(
        written=tuple(changed),
        unchanged=tuple(path for path in contents if path not in skipped),
        removed=removed,
        kept=tuple(sorted((*kept, *(stale if keep_stale else ())))),
    )


def _stale(
    target: _Folder, owned: Iterable[str], wanted: frozenset[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the unwanted manifests in the owned places: those that goldenpath rendered, and the others."""
    stale: list[str] = []
    kept: list[str] = []
    for path in sorted({path for place in owned for path in target.manifests(place)} - wanted):
        (stale if _was_rendered(target.text(path)) else kept).append(path)
    return tuple(stale), tuple(kept)


def _was_rendered(text: str | None) -> bool:
    """Whether every object of a file has goldenpath's label, and none is a Namespace, which is never removed."""
    try:
        documents = kubeyaml.load_all(text) if text is not None else []
    except InputError:
        return False
    return bool(documents) and all(_is_ours(document) for document in documents)


def _is_ours(document: object) -> bool:
    if (
        not isinstance(document, dict)
        or not is_kubernetes_object(document)
        or document["kind"] == "Namespace"
    ):
        return False
    metadata = document.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    key, value = MANAGED_BY
    return isinstance(labels, dict) and labels.get(key) == value


def _check_plain(path: str) -> None:
    if "\\" in path or any(step in {"", ".", ".."} for step in path.split("/")):
        raise InputError.of(path, "path", "is not a plain relative path; remove `..`, `.` and backslashes")


def _refused(place: str, error: OSError) -> InputError:
    return InputError.of(place, "unwritable", f"cannot be written: {error.strerror}")


def _move_folder(temporary: str, place: str) -> bool:
    """Move a folder to its place; return False if another one already exists there."""
    try:
        os.rename(temporary, place)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            return False
        raise
    return True


def _create(place: str, content: bytes) -> None:
    """Create a new file. An existing file or link of that name is never written to."""
    binary = getattr(os, "O_BINARY", 0)  # Windows would write other line ends
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | binary, 0o666)
    try:
        unwritten = memoryview(content)
        while unwritten:
            unwritten = unwritten[os.write(descriptor, unwritten) :]
    finally:
        os.close(descriptor)


class _Folder:
    """A folder whose files are reached only by plain relative paths, never through a symbolic link."""

    def __init__(self, root: Path) -> None:
        self._root = os.fspath(root)
        self._token = secrets.token_hex(4)
        # Whether each subfolder exists; looked up once, not once for each file.
        self._folders: dict[str, bool] = {"": os.path.isdir(root)}

    def differs(self, path: str, content: bytes) -> bool:
        """Whether the file is missing or has other content."""
        if not self._folder_exists(path.rpartition("/")[0]):
            return True
        place = self._place(path)
        found = self._stat(place)
        if found is None:
            return True
        if not stat.S_ISREG(found.st_mode):
            raise InputError.of(
                place, "not-a-file", "is not a file, and blocks a rendered file; move it away"
            )
        return found.st_size != len(content) or self._read(place) != content

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Write the files so that a reader sees either the old or the new content.

        A new folder is filled under a temporary name and renamed once, which is faster than one rename for each file. In an
        existing folder, each file is renamed.
        """
        new: dict[str, dict[str, bytes]] = {}
        for path, content in contents.items():
            folder = self._highest_missing(path)
            if folder is None:
                self._replace(path, content)
            else:
                new.setdefault(folder, {})[path] = content
        for folder, files in new.items():
            self._fill(folder, files)

    def _highest_missing(self, path: str) -> str | None:
        """Return the outermost missing folder on the path of a file; None if all exist."""
        steps = path.split("/")[:-1]
        folders = ("/".join(steps[:depth]) for depth in range(1, len(steps) + 1))
        return next((folder for folder in folders if not self._folder_exists(folder)), None)

    def _fill(self, folder: str, files: Mapping[str, bytes]) -> None:
        parent, _, name = folder.rpartition("/")
        temporary = self._place(
            f"{parent}/.{name}.{self._token}.tmp" if parent else f".{name}.{self._token}.tmp"
        )
        created = {""}
        try:
            os.makedirs(temporary)
            try:
                for path, content in files.items():
                    inside = path.removeprefix(f"{folder}/")
                    below = inside.rpartition("/")[0]
                    if below not in created:
                        os.makedirs(f"{temporary}/{below}", exist_ok=True)
                        created.add(below)
                    _create(f"{temporary}/{inside}", content)
                is_moved = _move_folder(temporary, self._place(folder))
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        except OSError as error:
            raise _refused(self._place(folder), error) from None
        if is_moved:
            self._folders.update({f"{folder}/{below}".rstrip("/"): True for below in created})
        else:
            # Another process has created the folder meanwhile. Its files stay, and the write starts again.
            self._folders = {place: known for place, known in self._folders.items() if known}
            self.write(files)

    def _replace(self, path: str, content: bytes) -> None:
        folder, _, name = path.rpartition("/")
        temporary = self._place(
            f"{folder}/.{name}.{self._token}.tmp" if folder else f".{name}.{self._token}.tmp"
        )
        try:
            if not self._folders[folder]:
                os.makedirs(self._place(folder), exist_ok=True)
                self._folders[folder] = True
            try:
                _create(temporary, content)
                os.replace(temporary, self._place(path))
            except OSError:
                if os.path.exists(temporary):
                    os.unlink(temporary)
                raise
        except OSError as error:
            raise _refused(self._place(path), error) from None

    def remove(self, path: str) -> None:
        try:
            os.unlink(self._place(path))
        except OSError as error:
            raise _refused(self._place(path), error) from None

    def manifests(self, place: str) -> Iterator[str]:
        """Yield the ``.yaml`` file at a path, or all plain ``.yaml`` files below it."""
        _check_plain(place)
        if not self._folder_exists(place.rpartition("/")[0]):
            return
        found = self._stat(self._place(place))
        if found is not None and stat.S_ISREG(found.st_mode) and place.endswith(".yaml"):
            yield place
        elif found is not None and stat.S_ISDIR(found.st_mode):
            with os.scandir(self._place(place)) as entries:
                names = [
                    entry.name
                    for entry in entries
                    if not entry.is_symlink() and not entry.name.startswith(".")
                ]
            for name in names:
                yield from self.manifests(f"{place}/{name}")

    def text(self, path: str) -> str | None:
        """Return the text of a file; None if it is not UTF-8."""
        try:
            return self._read(self._place(path)).decode()
        except UnicodeDecodeError:
            return None

    def _place(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _folder_exists(self, folder: str) -> bool:
        known = self._folders.get(folder)
        if known is None:
            known = self._folder_exists(folder.rpartition("/")[0]) and self._is_folder(self._place(folder))
            self._folders[folder] = known
        return known

    def _is_folder(self, place: str) -> bool:
        found = self._stat(place)
        if found is not None and not stat.S_ISDIR(found.st_mode):
            raise InputError.of(place, "not-a-folder", "is not a folder, and blocks a folder; move it away")
        return found is not None

    def _stat(self, place: str) -> os.stat_result | None:
        """Return the status of a path; None if it does not exist. A symbolic link is refused: it may lead anywhere."""
        try:
            found = os.lstat(place)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _refused(place, error) from None
        if stat.S_ISLNK(found.st_mode):
            raise InputError.of(
                place, "symlink", "is a symbolic link, and goldenpath does not write through links; remove it"
            )
        return found

    def _read(self, place: str) -> bytes:
        try:
            with open(place, "rb") as file:
                return file.read()
        except OSError as error:
            raise InputError.of(place, "unreadable", f"the file cannot be read: {error.strerror}") from None
