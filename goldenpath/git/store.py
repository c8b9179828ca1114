"""Open the branch of a fleet: in a local repository, or in a remote with a local mirror."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Final, Self

from goldenpath.errors import InputError, RefMovedError, RepositoryError, RepositoryUnavailableError
from goldenpath.git.git_repository import Repository
from goldenpath.git.path_names import branch_ref
from goldenpath.git.refs import RefUpdate
from goldenpath.git.remote import Remote
from goldenpath.git.remote_address import is_url
from goldenpath.git.worktree import checked_out, move_with_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from goldenpath.git.git_credentials import Credentials

_FIRST_BRANCH: Final = "main"
_FETCHES: Final = 5


class Store:
    """One branch in a local repository, or in a remote that the local repository mirrors.

    Attributes:
        repository: the local repository.
        remote: the remote, if the place is a URL.
        branch: the name of the branch.
        place: the opened folder or URL, without credentials.
    """

    def __init__(self, repository: Repository, remote: Remote | None, branch: str) -> None:
        self.repository = repository
        self.remote = remote
        self.branch = branch
        self.ref = branch_ref(branch)
        self.place = remote.url if remote else str(repository.path)

    @classmethod
    def open(
        cls,
        place: str | Path,
        *,
        branch: str | None = None,
        credentials: Credentials | None = None,
        cache: Path | None = None,
        time_out: float = 120,
    ) -> Self:
        """Open a folder or a URL.

        Args:
            place: a folder with a work tree or a bare repository; goldenpath writes to it without running hooks.
                Or a URL, which gets a local mirror. A push to a ``file://`` URL runs the hooks.
            branch: the branch; by default the one that is checked out, or that a clone checks out.
            credentials: the login at the URL; by default the one in the URL, or Git's own helpers.
            cache: the folder of the mirrors; by default ``goldenpath/repositories`` in the user's cache.
            time_out: seconds for each exchange with a remote.

        Raises:
            InputError: the URL or the name of the branch is invalid.
            RepositoryError: the folder is no repository, or the repository cannot be used.
            RepositoryUnavailableError: the remote does not answer.
        """
        if branch is not None:
            branch_ref(branch)
        if isinstance(place, Path) or not is_url(place):
            repository = Repository.open(Path(place).expanduser())
            name = branch or repository.head()
            if name is None:
                message = (
                    f"{repository.path} has no branch checked out; name the branch to write to (--branch), "
                    "or read one commit (--at HEAD)"
                )
                raise InputError.of("branch", "no-branch", message)
            return cls(repository, None, name)
        remote = Remote(place, credentials, time_out=time_out)
        mirror = _mirror(remote.url, cache or default_cache())
        try:
            return cls(mirror, remote, branch or remote.default_branch() or _FIRST_BRANCH)
        except BaseException:
            mirror.close()
            raise

    def close(self) -> None:
        self.repository.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def tip(self, branch: str | None = None) -> str | None:
        """The last known commit of a branch; None before its first commit."""
        return self.repository.resolve(branch_ref(branch or self.branch))

    def refresh(self, branch: str | None = None) -> str | None:
        """The current commit of a branch. With a remote, ask the remote and fetch the commit.

        Raises:
            RepositoryUnavailableError: the remote does not answer.
            RepositoryError: the remote refuses.
        """
        name = branch or self.branch
        return self.heads((name,))[name]

    def heads(self, branches: Iterable[str]) -> dict[str, str | None]:
        """``refresh`` for many branches in one exchange; None for each missing branch."""
        if self.remote is None:
            return {branch: self.tip(branch) for branch in branches}
        there = self.remote.heads(branches)
        return {branch: self._follow(branch, commit) for branch, commit in there.items()}

    def branches(self, prefix: str) -> dict[str, str]:
        """Fetch every branch with a prefix (``goldenpath/change-``). Return the commit of each.

        Raises:
            RepositoryUnavailableError: the remote does not answer.
        """
        names = (self.remote or self.repository).branches(prefix)
        return {name: commit for name, commit in self.heads(names).items() if commit is not None}

    def _follow(self, branch: str, commit: str | None) -> str | None:
        """Move the mirror's branch to the remote's commit; other processes may do the same at the same time."""
        assert self.remote is not None
        for _ in range(_FETCHES):
            here = self.tip(branch)
            if here == commit:
                return commit
            with suppress(RefMovedError):
                if commit is not None:
                    commit = self.remote.fetch(self.repository, branch)
                if commit is None and here is not None:
                    self.repository.refs.move([RefUpdate(branch_ref(branch), None, here)])
        raise RepositoryUnavailableError(f"{self.place}: {branch} moves faster than it can be fetched")

    def advance(self, updates: Sequence[RefUpdate]) -> None:
        """Move refs, all or none, in the remote or else in the local repository. The move is durable on return.

        Without a remote, a work tree that has the branch checked out is updated too.

        Raises:
            RefMovedError: a ref is not at ``old``, because another writer came first.
            RepositoryUnavailableError: the remote did not answer, or a lock is held. A second question to the remote
                did not show that the refs moved.
            RepositoryError: a hook or a rule refused, or a work tree has uncommitted changes.
        """
        if self.remote is None:
            folders = {update.ref: checked_out(self.repository, update.ref) for update in updates}
            if any(folders.values()):
                move_with_files(self.repository, updates, folders)
            else:
                self.repository.refs.move(updates)
            return
        try:
            self.remote.push(self.repository, updates)
        except RepositoryUnavailableError:
            if not self._has_landed(updates):
                raise
        for update in updates:
            # If another process fetched the move first, the mirror is up to date already.
            with suppress(RefMovedError):
                self.repository.refs.move([update])

    def _has_landed(self, updates: Sequence[RefUpdate]) -> bool:
        """Whether the remote moved the refs although the push failed: the connection may break after the move."""
        try:
            now = self.heads([update.ref.removeprefix("refs/heads/") for update in updates])
        except RepositoryError:
            return False
        return all(
            commit == update.new
            or (
                commit is not None
                and update.new is not None
                and self.repository.is_ancestor(update.new, commit)
            )
            for commit, update in zip(now.values(), updates, strict=True)
        )


def default_cache() -> Path:
    """The folder of mirrors: ``goldenpath/repositories`` in ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (home if home.is_absolute() else Path.home() / ".cache") / "goldenpath" / "repositories"


def _mirror(url: str, cache: Path) -> Repository:
    """Open or create the mirror of a URL. A rename at the end hides the unfinished mirror from other processes."""
    path = cache / f"{sha256(url.encode()).hexdigest()}.git"
    if path.is_dir():
        try:
            return Repository.open(path)
        except RepositoryError as error:
            raise RepositoryError(f"{error}; {path} only mirrors {url}: remove it and try again") from error
    new = cache / f"new-{token_hex(8)}"
    try:
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        Repository.create(new, bare=True, branch=_FIRST_BRANCH).close()
        with suppress(OSError):  # Another process created it meanwhile.
            new.rename(path)
    except OSError as error:
        raise RepositoryError(f"{cache}: the mirror of {url} cannot be created: {error.strerror}") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return Repository.open(path)
