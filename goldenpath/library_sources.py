"""Golden paths from Git: fetched once, kept as plain files, and read like any other folder. No fetched code runs.

A tag or a full commit id is fetched once. A branch is fetched again each time; if the remote cannot be read, its last
commit is used. Symbolic links and submodules are refused. Hooks, filters and attributes of the repository never apply,
since Git checks out no work tree.
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
_MAX_BYTES: Final = 64 * 1024 * 1024
_MAX_FILES: Final = 10_000
_FILE_MODES: Final = (0o100644, 0o100755, 0o100664)


@dataclass(frozen=True, slots=True)
class LibrarySource:
    """A folder of golden paths in a Git repository, at a tag, a branch or a commit."""

    url: str
    ref: str
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the argument of a command: ``git+https://git.example.org/paths.git@v1.4.0#folder``.

        Raises:
            InputError: the text is not such an address.
        """
        address, _, path = text.removeprefix(_PREFIX).partition("#")
        url, at, ref = address.rpartition("@")
        if not text.startswith(_PREFIX) or not at or "/" in ref[:1] or not _REF.fullmatch(ref):
            message = "must be git+URL@REF, such as git+https://git.example.org/paths.git@v1.4.0"
            raise InputError.of("--library", "library-source", message, text)
        return cls(parse_url(url).url, ref, _inside(path))

    @classmethod
    def of(cls, entry: GitLibrary) -> Self:
        """Return the source of an entry in the fleet."""
        return cls(entry.git, entry.ref, _inside(entry.path))


def library_for(fleet: FleetSpec, library: Library) -> Library:
    """Return the golden paths for a fleet: those of the library, those of the fleet's ``library``, and the built-in ones.

    Raises:
        InputError: an entry has no golden path.
        RepositoryError: an entry cannot be fetched, and was not fetched before.
    """
    folders = [folder_of(LibrarySource.of(entry)) for entry in fleet.library]
    return library.with_folders(folders) if folders else library


def folder_of(source: LibrarySource, cache: Path | None = None) -> Path:
    """Return the folder with the golden paths of a source, and fetch it if necessary.

    Raises:
        InputError: the repository has no such ref or folder, or holds a refused file.
        RepositoryError: the remote refuses or does not answer, and the source was not fetched before.
    """
    cached = _CachedSource(source, cache or _default_cache())
    commit = cached.known_commit()
    if commit is None or not cached.is_immutable(commit):
        try:
            commit = cached.fetch()
        except RepositoryError:
            if commit is None:
                raise
    folder = cached.files(commit) / source.path
    if not folder.is_dir():
        message = f"is not a folder of {source.url} at {source.ref}"
        raise InputError.of("library", "library-folder", message, source.path)
    return folder


class _CachedSource:
    """The cache of one source: the commit of each ref, and the files of each commit."""

    def __init__(self, source: LibrarySource, cache: Path) -> None:
        self._source = source
        self._home = cache / hashlib.sha256(source.url.encode()).hexdigest()[:24]
        self._record = self._home / f"ref-{hashlib.sha256(source.ref.encode()).hexdigest()[:24]}.json"

    def known_commit(self) -> str | None:
        """Return the commit of the last fetch of the ref; None if its files are missing."""
        try:
            record = json.loads(self._record.read_text())
        except (OSError, ValueError):
            return None
        commit = str(record.get("commit", ""))
        return commit if _COMMIT.fullmatch(commit) and self.files(commit).is_dir() else None

    def is_immutable(self, commit: str) -> bool:
        """Whether the ref is a tag or a commit, which is not fetched again."""
        if commit == self._source.ref:
            return True
        return bool(json.loads(self._record.read_text()).get("tag"))

    def files(self, commit: str) -> Path:
        """Return the folder with the files of a commit."""
        return self._home / commit

    def fetch(self) -> str:
        """Fetch the ref, store the files of its commit, and return the commit."""
        from git import Repo  # noqa: PLC0415 - only a library from Git needs it

        self._home.mkdir(parents=True, exist_ok=True)
        repository = Repo.init(self._home / "objects.git", bare=True)
        try:
            commit, is_tag = self._fetch_ref(repository)
            self._write_files(repository, commit)
        finally:
            repository.close()
        _replace(self._record, json.dumps({"ref": self._source.ref, "commit": commit, "tag": is_tag}))
        return commit

    def _fetch_ref(self, repository: Any) -> tuple[str, bool]:
        from git.exc import GitCommandError  # noqa: PLC0415

        ref = self._source.ref
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
        message = f"is not a tag, branch or commit of {self._source.url}"
        raise InputError.of("library", "library-ref", message, ref)

    def _write_files(self, repository: Any, commit: str) -> None:
        target = self.files(commit)
        if target.is_dir():
            return
        temporary = Path(tempfile.mkdtemp(prefix="making-", dir=self._home))
        try:
            for path, data in self._blobs(repository, commit):
                file = temporary / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
            origin = {"git": self._source.url, "commit": commit}
            (temporary / ORIGIN_FILE).write_text(json.dumps(origin))
            try:
                temporary.rename(target)
            except OSError:
                if not target.is_dir():  # another process may have written the same files first
                    raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _blobs(self, repository: Any, commit: str) -> Iterable[tuple[str, bytes]]:
        size = 0
        for number, item in enumerate(repository.commit(commit).tree.traverse()):
            if item.type == "tree":
                continue
            path = str(item.path)
            if item.type != "blob" or item.mode not in _FILE_MODES or _is_odd(path):
                message = (
                    f"{self._source.url} holds {path}, which is not a plain file with a plain name; remove it"
                )
                raise InputError.of("library", "library-file", message, self._source.ref)
            size += item.size
            if size > _MAX_BYTES or number > _MAX_FILES:
                message = (
                    f"{self._source.url} is larger than 64 MiB or 10,000 files; use a smaller repository"
                )
                raise InputError.of("library", "library-size", message, self._source.ref)
            yield path, item.data_stream.read()


def _refused(source: LibrarySource, output: str) -> RepositoryError:
    lines = [line for line in output.splitlines() if "fatal" in line or "error" in line] or [output]
    return RepositoryError(f"{source.url} at {source.ref} cannot be fetched: {lines[0][:200].strip()}")


def _inside(path: str) -> str:
    """Return a folder in the repository as a plain relative path; empty for the top.

    Raises:
        InputError: the folder is outside the repository.
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
