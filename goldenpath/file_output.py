"""Rendered files on a disk: only what changed is written, nothing is half-written, nothing goes astray.

Everything is looked at before anything is written, so that a refusal leaves the folder as it was. A file that
is already right is left alone: comparing costs a fraction of writing, and no build tool sees a new time stamp.

Pure Python, without a command line's words; Git objects are written elsewhere.
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
"""The label on every rendered object: what does not have it was not rendered by us, and is never removed."""


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """What became of each file; paths are relative to the folder, with ``/``.

    ``removed`` are files of an older render that the new one no longer has. ``kept`` are files in the same
    places that were left alone, since they hold a Namespace or something that was not rendered by us.
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
    """Bring a folder to what was rendered.

    Args:
        folder: where the files' relative paths start; made if it is not there.
        files: what was rendered.
        owned: files and folders, relative to ``folder``, whose rendered manifests belong to this render alone;
            a manifest there that is not among ``files`` is removed.
        keep_stale: remove nothing.
        dry_run: only say what would happen.

    Raises:
        InputError: a path leaves the folder or goes through a symbolic link, something else is in a file's
            place, or the disk refuses. Unless the disk refuses half-way, nothing was written then.

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
    """Manifests in our own places that are no longer wanted: those that were ours, and the others."""
    stale: list[str] = []
    kept: list[str] = []
    for path in sorted({path for place in owned for path in target.manifests(place)} - wanted):
        (stale if _was_rendered(target.text(path)) else kept).append(path)
    return tuple(stale), tuple(kept)


def _was_rendered(text: str | None) -> bool:
    """Whether every object of a file carries our label, and none is a Namespace: those are never removed unasked."""
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
        raise InputError.of(path, "path", "is not a plain path below the folder")


def _refused(place: str, error: OSError) -> InputError:
    return InputError.of(place, "unwritable", f"the disk refuses: {error.strerror}")


def _renamed(temporary: str, place: str) -> bool:
    """Put a folder in place; True where one is there already."""
    try:
        os.rename(temporary, place)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            return True
        raise
    return False


def _create(place: str, content: bytes) -> None:
    """Write a file that is not there: whatever already has its name, a link above all, is not written to."""
    binary = getattr(os, "O_BINARY", 0)  # Windows would write other line ends
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | binary, 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


class _Folder:
    """A folder, reached only by plain paths below it and never through a symbolic link."""

    def __init__(self, root: Path) -> None:
        self._root = os.fspath(root)
        self._token = secrets.token_hex(4)
        # Whether a folder below the root is there. Each is looked at once, not once for each of its files.
        self._folders: dict[str, bool] = {"": os.path.isdir(root)}

    def differs(self, path: str, content: bytes) -> bool:
        """Whether the file is missing or holds something else."""
        if not self._is_there(path.rpartition("/")[0]):
            return True
        place = self._place(path)
        found = self._look_at(place)
        if found is None:
            return True
        if not stat.S_ISREG(found.st_mode):
            raise InputError.of(place, "not-a-file", "is in the place of a rendered file; move it away")
        return found.st_size != len(content) or self._read(place) != content

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Put whole contents in place: a reader sees the old file or the new one.

        A folder that is not there yet is filled under another name and put in place as a whole, which costs
        one rename for all of its files; in a folder that is there, each file is.
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
        """The outermost folder on the way to a file that is not there; None where all are."""
        steps = path.split("/")[:-1]
        folders = ("/".join(steps[:depth]) for depth in range(1, len(steps) + 1))
        return next((folder for folder in folders if not self._is_there(folder)), None)

    def _fill(self, folder: str, files: Mapping[str, bytes]) -> None:
        parent, _, name = folder.rpartition("/")
        temporary = self._place(
            f"{parent}/.{name}.{self._token}.tmp" if parent else f".{name}.{self._token}.tmp"
        )
        made = {""}
        try:
            os.makedirs(temporary)
            try:
                for path, content in files.items():
                    inside = path.removeprefix(f"{folder}/")
                    below = inside.rpartition("/")[0]
                    if below not in made:
                        os.makedirs(f"{temporary}/{below}", exist_ok=True)
                        made.add(below)
                    _create(f"{temporary}/{inside}", content)
                there = _renamed(temporary, self._place(folder))
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        except OSError as error:
            raise _refused(self._place(folder), error) from None
        if there:
            # Another process has made the folder meanwhile: what it put there stays, and we look again.
            self._folders = {place: known for place, known in self._folders.items() if known}
            self.write(files)
        else:
            self._folders.update({f"{folder}/{below}".rstrip("/"): True for below in made})

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
        """Remove a file."""
        try:
            os.unlink(self._place(path))
        except OSError as error:
            raise _refused(self._place(path), error) from None

    def manifests(self, place: str) -> Iterator[str]:
        """The ``.yaml`` files at a place: itself, or the plain files everywhere below it."""
        _check_plain(place)
        if not self._is_there(place.rpartition("/")[0]):
            return
        found = self._look_at(self._place(place))
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
        """The text of a file, or None where it is not UTF-8."""
        try:
            return self._read(self._place(path)).decode()
        except UnicodeDecodeError:
            return None

    def _place(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _is_there(self, folder: str) -> bool:
        known = self._folders.get(folder)
        if known is None:
            known = self._is_there(folder.rpartition("/")[0]) and self._is_plain_folder(self._place(folder))
            self._folders[folder] = known
        return known

    def _is_plain_folder(self, place: str) -> bool:
        found = self._look_at(place)
        if found is not None and not stat.S_ISDIR(found.st_mode):
            raise InputError.of(place, "not-a-folder", "is in the place of a folder; move it away")
        return found is not None

    def _look_at(self, place: str) -> os.stat_result | None:
        """What is there, or None; a symbolic link is refused, since it may lead anywhere."""
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
