"""Where a fleet's branch lives: a repository on this machine, or a remote and its mirror here."""

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
    """One branch's home. Where there is a remote, it is the truth, and the repository here only mirrors it.

    Attributes:
        repository: the repository on this machine.
        remote: the remote, if the place is a URL.
        branch: the branch's name.
        place: what was opened, without credentials.

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
            place: a folder with a work tree or a bare repository, which is written itself (its hooks do not run;
                a ``file://`` URL pushes to it, and they do); or a URL, which gets a mirror here.
            branch: the branch; by default the one that is checked out, or that a clone would begin with.
            credentials: who we are at the URL; by default what the URL says, or Git's own helpers.
            cache: where mirrors of URLs are; by default ``goldenpath/repositories`` in the user's cache.
            time_out: seconds for each exchange with a remote.

        Raises:
            InputError: the URL or the branch's name is not valid.
            RepositoryError: there is no repository, or it cannot be used.
            RepositoryUnavailableError: the remote does not answer.

        """
        if branch is not None:
            branch_ref(branch)
        if isinstance(place, Path) or not is_url(place):
            repository = Repository.open(Path(place).expanduser())
            name = branch or repository.head()
            if name is None:
                message = (
                    f"{repository.path} has no branch checked out: name the one to write to (--branch), "
                    "or look at one commit (--at HEAD)"
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
        """End the processes that work for it."""
        self.repository.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def tip(self, branch: str | None = None) -> str | None:
        """A branch's commit as last seen; None before the first one."""
        return self.repository.resolve(branch_ref(branch or self.branch))

    def refresh(self, branch: str | None = None) -> str | None:
        """A branch's commit now, asked of the remote where there is one, and with all of its objects here.

        Raises:
            RepositoryUnavailableError: the remote does not answer.
            RepositoryError: it refuses.

        """
        name = branch or self.branch
        return self.heads((name,))[name]

    def heads(self, branches: Iterable[str]) -> dict[str, str | None]:
        """``refresh`` for many branches in one exchange; None for those that are not there."""
        if self.remote is None:
            return {branch: self.tip(branch) for branch in branches}
        there = self.remote.heads(branches)
        return {branch: self._follow(branch, commit) for branch, commit in there.items()}

    def branches(self, prefix: str) -> dict[str, str]:
        """Every branch below a prefix (``goldenpath/change-``), with its commit, which is here afterwards.

        Raises:
            RepositoryUnavailableError: the remote does not answer.
        """
        names = (self.remote or self.repository).branches(prefix)
        return {name: commit for name, commit in self.heads(names).items() if commit is not None}

    def _follow(self, branch: str, commit: str | None) -> str | None:
        """Make the mirror's branch what the remote's is; other processes may be doing the same."""
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
        """Move refs, all or none, where everybody sees it; returns when that is durable.

        Without a remote, a work tree that has the branch checked out comes along.

        Raises:
            RefMovedError: a ref is not at ``old``, since another writer came first.
            RepositoryUnavailableError: the remote did not answer, or a lock is held; nothing moved, as far as can be
                known: a remote that took the push and was gone at once is asked again.
            RepositoryError: a hook or a rule refused, or a work tree has changes that are not committed.

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
            # Where another process was quicker to see it, the mirror is right already.
            with suppress(RefMovedError):
                self.repository.refs.move([update])

    def _has_landed(self, updates: Sequence[RefUpdate]) -> bool:
        """Whether the remote has what a push that went wrong brought: it may have been cut off after the deed."""
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
    """Where mirrors of remotes are: ``goldenpath/repositories`` in ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (
        (Path(home) if Path(home).is_absolute() else Path.home() / ".cache") / "goldenpath" / "repositories"
    )


def _mirror(url: str, cache: Path) -> Repository:
    """The mirror of a URL; made under another name first, so that other processes never see a half-made one."""
    path = cache / f"{sha256(url.encode()).hexdigest()}.git"
    if path.is_dir():
        try:
            return Repository.open(path)
        except RepositoryError as error:
            raise RepositoryError(f"{error}; it only mirrors {url}, so it can be removed") from error
    new = cache / f"new-{token_hex(8)}"
    try:
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        Repository.create(new, bare=True, branch=_FIRST_BRANCH).close()
        with suppress(OSError):  # Another process made it meanwhile.
            new.rename(path)
    except OSError as error:
        raise RepositoryError(f"{cache}: no mirror of {url} can be made: {error.strerror}") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return Repository.open(path)
