"""The library of golden paths: the built-in ones, and those in an organisation's own folders."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from goldenpath.errors import DataError, InputError, Problem
from goldenpath.paths.path_metadata import (
    METADATA_FILE,
    GoldenPath,
    builtin_folder,
    is_from_git,
    read_golden_path,
)
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Library", "builtin_folder"]


class Library:
    """Golden paths by name and version.

    A library folder has one folder for each golden path, which may have older versions in ``versions/<version>/``. The
    first folder with a golden path wins, so an organisation can replace a built-in one. Folders from Git together provide
    all their versions. Each folder is read once, so later changes on disk do not affect a library.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._folders = (*folders, builtin_folder())
        self._read: dict[str, dict[str, GoldenPath]] = {}

    def __reduce__(self) -> tuple[type[Library], tuple[tuple[Path, ...]]]:
        """Pickle only the folders, so that another process reads them itself."""
        return Library, (self._folders[:-1],)

    def with_folders(self, folders: Sequence[Path]) -> Library:
        """Return a library with more folders, which come after the current ones and before the built-in folder."""
        own = self._folders[:-1]
        return Library([*own, *(folder for folder in folders if folder not in own)])

    def __iter__(self) -> Iterator[GoldenPath]:
        """Yield the newest version of each golden path, sorted by name."""
        for name in sorted(self._current):
            versions = self._versions(name)
            yield versions[max(versions, key=_ordered)]

    def get(self, major: str, *, version: str | None = None) -> GoldenPath:
        """Return the golden path that a request names, such as ``tenant/v1``.

        Args:
            major: name and major version.
            version: the exact version of a lock. The default is the newest of the major version.

        Raises:
            InputError: no golden path has this name and version.
            DataError: the metadata is invalid.
        """
        versions = {
            version: path
            for version, path in self._versions(major.split("/", 1)[0]).items()
            if path.major == major
        }
        if version is not None and version in versions:
            return versions[version]
        if version is None and versions:
            return versions[max(versions, key=_ordered)]
        known = [path.major for path in self]
        if versions:
            message = f"{major} has no version {version}; the versions are {', '.join(sorted(versions, key=_ordered))}"
            raise InputError([Problem("golden_path", "unknown-version", message)])
        problem = Problem(
            "golden_path",
            "unknown-golden-path",
            f"is not a golden path; the golden paths are {', '.join(known)}",
            major,
            nearest(major, known),
        )
        raise InputError([problem])

    def deprecated_until(self, major: str, version: str) -> datetime.date | None:
        """Return the last day of a deprecated version; None for an unknown version or one that is not deprecated."""
        name = major.split("/", 1)[0]
        until = (path.metadata.deprecated.get(version) for path in self._versions(name).values())
        return min((day for day in until if day is not None), default=None)

    def find(self, major: object) -> GoldenPath | None:
        """Return the newest version of the golden path that a request names, or None."""
        try:
            return self.get(major) if isinstance(major, str) else None
        except InputError:
            return None

    @cached_property
    def _current(self) -> dict[str, list[Path]]:
        """The folder of each golden path, by name. Several folders only if all of them come from Git."""
        found: dict[str, list[Path]] = {}
        for folder in self._folders:
            for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
                if (entry / METADATA_FILE).is_file():
                    known = found.setdefault(entry.name, [])
                    if not known or (is_from_git(known[0]) and is_from_git(entry)):
                        known.append(entry)
        return found

    def _versions(self, name: str) -> dict[str, GoldenPath]:
        if name not in self._read:
            self._read[name] = {}
            for folder in self._current.get(name, ()):
                self._read[name] = {**_read_versions(name, folder), **self._read[name]}
        return self._read[name]


def _read_versions(name: str, folder: Path) -> dict[str, GoldenPath]:
    older = folder / "versions"
    others = sorted(older.iterdir()) if older.is_dir() else ()
    versions: dict[str, GoldenPath] = {}
    for entry in (folder, *(entry for entry in others if (entry / METADATA_FILE).is_file())):
        path = read_golden_path(entry)
        if path.name != name and entry != folder:
            continue  # The folder is a copy of another golden path, and this is a version of the original.
        if path.name != name:
            raise DataError(
                f"{entry / METADATA_FILE}: name: is {path.name!r} and must be {name!r}, as the folder"
            )
        if path.version in versions:
            raise DataError(f"{entry / METADATA_FILE}: version: {path.version} appears twice")
        versions[path.version] = path
    return versions


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
