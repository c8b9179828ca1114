"""Where a fleet's branch lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from goldenpath.publish.git.credentials import Credentials
    from goldenpath.publish.git.refs import RefUpdate
    from goldenpath.publish.git.remote import Remote
    from goldenpath.publish.git.repository import Repository


class Store:
    """One branch's home: a repository on this machine, and perhaps the remote that it mirrors."""

    repository: Repository
    remote: Remote | None
    branch: str

    @classmethod
    def open(
        cls,
        place: str | Path,
        *,
        branch: str | None = None,
        credentials: Credentials | None = None,
        cache: Path | None = None,
    ) -> Self:
        """Open a directory (a work tree or a bare repository) or a URL, which gets a mirror in the cache."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def ref(self) -> str:
        """The branch's full name."""
        return f"refs/heads/{self.branch}"

    def tip(self, branch: str | None = None) -> str | None:
        """The branch's commit as last seen; None before the first one."""
        raise NotImplementedError

    def refresh(self, branch: str | None = None) -> str | None:
        """The branch's commit now, asked of the remote where there is one."""
        raise NotImplementedError

    def advance(self, updates: Sequence[RefUpdate]) -> None:
        """Move refs, all or none, where everybody sees it."""
        raise NotImplementedError
