"""Golden paths from Git: fetched once, kept as plain files, and read like any other folder. Nothing fetched is run.

A tag or a whole commit id stays what it was when it was first fetched; a branch is asked for again, and stands as it
was where the remote cannot be read. Symbolic links and submodules are refused; hooks, filters and attributes of the
repository never apply, since no work tree is checked out by Git.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, Self

from goldenpath.errors import InputError, RepositoryError
from goldenpath.git.remote_address import parse_url
from goldenpath.paths.path_metadata import ORIGIN_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.paths import Library
    from goldenpath.spec.fleet_spec import FleetSpec, GitLibrary

__all__ = ["LibrarySource", "folder_of", "library_for"]

_PREFIX: Final = "git+"
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REF: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,250}")
_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_FILES: Final = 10_000
_FILE_MODES: Final = (0o100644, 0o100755, 0o100664)


@dataclass(frozen=True, slots=True)
class LibrarySource:
    """A folder of golden paths in a Git repository, at a tag, a branch or a commit."""

    url: str
    ref: str
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """As a command line gives it: ``git+https://git.example.org/paths.git@v1.4.0#folder``.

        Raises:
            InputError: it is no such address.
        """
        address, _, path = text.removeprefix(_PREFIX).partition("#")
        url, at, ref = address.rpartition("@")
        if not text.startswith(_PREFIX) or not at or "/" in ref[:1] or not _REF.fullmatch(ref):
            message = "must be git+URL@REF, such as git+https://git.example.org/paths.git@v1.4.0"
            raise InputError.of("--library", "library-source", message, text)
        return cls(parse_url(url).url, ref, _inside(path))

    @classmethod
    def of(cls, entry: GitLibrary) -> Self:
        """As the fleet gives it."""
        return cls(entry.git, entry.ref, _inside(entry.path))


def library_for(fleet: FleetSpec, library: Library) -> Library:
    """The golden paths for a fleet: those given, then those of its own ``library``, then the built-in ones.

    Raises:
        InputError: an entry has no golden path.
        RepositoryError: one cannot be fetched, and was not fetched before.
    """
    folders = [folder_of(LibrarySource.of(entry)) for entry in fleet.library]
    return library.with_folders(folders) if folders else library


def folder_of(source: LibrarySource, cache: Path | None = None) -> Path:
    """The folder with the golden paths of a source, fetched where it has not been.

    Raises:
        InputError: the repository has no such ref or folder, or holds what is refused.
        RepositoryError: the remote refuses or does not answer, and the source was not fetched before.
    """
    place = _Place(source, cache or _default_cache())
    commit = place.known_commit()
    if commit is None or not place.is_fixed(commit):
        try:
            commit = place.fetch()
        except RepositoryError:
            if commit is None:
                raise
    folder = place.files(commit) / source.path
    if not folder.is_dir():
        raise InputError.of(
            "library", "library-folder", f"{source.url} has no folder at {source.ref}", source.path
        )
    return folder


class _Place:
    """Where one source is kept: the commit that each ref had, and the files of each commit."""

    def __init__(self, source: LibrarySource, cache: Path) -> None:
        self._source = source
        self._home = cache / hashlib.sha256(source.url.encode()).hexdigest()[:24]
        self._record = self._home / f"ref-{hashlib.sha256(source.ref.encode()).hexdigest()[:24]}.json"

    def known_commit(self) -> str | None:
        """The commit that the ref had when it was last fetched; None where its files are not there."""
        try:
            record = json.loads(self._record.read_text())
        except (OSError, ValueError):
            return None
        commit = str(record.get("commit", ""))
        return commit if _COMMIT.fullmatch(commit) and self.files(commit).is_dir() else None

    def is_fixed(self, commit: str) -> bool:
        """Whether the ref is a tag or a commit, and so needs no second look."""
        if commit == self._source.ref:
            return True
        return bool(json.loads(self._record.read_text()).get("tag"))

    def files(self, commit: str) -> Path:
        """The folder with the files of a commit."""
        return self._home / commit

    def fetch(self) -> str:
        """Ask the remote for the ref, keep the files of its commit, and remember which it is."""
        from git import Repo  # noqa: PLC0415 - only a library from Git pays for it

        self._home.mkdir(parents=True, exist_ok=True)
        repository = Repo.init(self._home / "objects.git", bare=True)
        try:
            commit, is_tag = self._fetched(repository)
            self._write_files(repository, commit)
        finally:
            repository.close()
        _replace(self._record, json.dumps({"ref": self._source.ref, "commit": commit, "tag": is_tag}))
        return commit

    def _fetched(self, repository: Any) -> tuple[str, bool]:
        from git.exc import GitCommandError  # noqa: PLC0415

        ref, failure = self._source.ref, ""
        wanted = (ref,) if _COMMIT.fullmatch(ref) else (f"refs/tags/{ref}", f"refs/heads/{ref}")
        for name in wanted:
            try:
                with repository.git.custom_environment(
                    GIT_TERMINAL_PROMPT="0", GIT_ALLOW_PROTOCOL="https:http:ssh:git:file"
                ):
                    repository.git.fetch(
                        "--depth=1", "--no-tags", "--quiet", "--", self._source.url, f"+{name}:refs/fetched"
                    )
            except GitCommandError as error:
                failure = str(error.stderr).strip()
                if "couldn't find remote ref" in failure or "not our ref" in failure:
                    continue
                raise _refused(self._source, failure) from None
            return str(repository.commit("refs/fetched").hexsha), not name.startswith("refs/heads/")
        message = f"{self._source.url} has no such tag, branch or commit"
        raise InputError.of("library", "library-ref", message, ref)

    def _write_files(self, repository: Any, commit: str) -> None:
        target = self.files(commit)
        if target.is_dir():
            return
        making = Path(tempfile.mkdtemp(prefix="making-", dir=self._home))
        try:
            for path, data in self._blobs(repository, commit):
                file = making / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
            origin = {"git": self._source.url, "commit": commit}
            (making / ORIGIN_FILE).write_text(json.dumps(origin))
            with _gone_before(target):
                making.rename(target)
        finally:
            shutil.rmtree(making, ignore_errors=True)

    def _blobs(self, repository: Any, commit: str) -> Iterable[tuple[str, bytes]]:
        size = 0
        for number, item in enumerate(repository.commit(commit).tree.traverse()):
            if item.type == "tree":
                continue
            path = str(item.path)
            if item.type != "blob" or item.mode not in _FILE_MODES or _is_odd(path):
                message = f"{self._source.url} holds {path}, which is not a plain file with a plain name"
                raise InputError.of("library", "library-file", message, self._source.ref)
            size += item.size
            if size > _MOST_BYTES or number > _MOST_FILES:
                message = f"{self._source.url} is larger than a library of golden paths may be"
                raise InputError.of("library", "library-size", message, self._source.ref)
            yield path, item.data_stream.read()


class _gone_before:  # noqa: N801 - reads as a word in a `with`
    """Another process may have made the same folder first: then theirs is as good."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        return isinstance(error, OSError) and self._target.is_dir()


def _refused(source: LibrarySource, said: str) -> RepositoryError:
    lines = [line for line in said.splitlines() if "fatal" in line or "error" in line] or [said]
    return RepositoryError(f"{source.url} at {source.ref} cannot be fetched: {lines[0][:200].strip()}")


def _inside(path: str) -> str:
    """A folder in the repository, as a plain relative path; empty for its top.

    Raises:
        InputError: it leads out of the repository.
    """
    plain = PurePosixPath(path.strip("/"))
    if plain.is_absolute() or ".." in plain.parts:
        raise InputError.of("library", "library-folder", "must be a folder inside the repository", path)
    return "" if str(plain) == "." else str(plain)


def _is_odd(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return ".." in parts or path.startswith("/") or any(part.lower() == ".git" for part in parts)


def _replace(file: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(handle, "w") as writing:
        writing.write(text)
    Path(name).replace(file)


def _default_cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if Path(home).is_absolute() else Path.home() / ".cache") / "goldenpath" / "libraries"
