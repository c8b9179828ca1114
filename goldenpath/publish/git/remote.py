"""A repository elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.publish.git.credentials import Credentials
    from goldenpath.publish.git.refs import RefUpdate
    from goldenpath.publish.git.repository import Repository


class Remote:
    """A repository at a URL, reached with Git's own transports."""

    def __init__(self, url: str, credentials: Credentials | None = None, *, time_out: float = 120) -> None:
        raise NotImplementedError

    def default_branch(self) -> str | None:
        raise NotImplementedError

    def fetch(self, repository: Repository, branch: str) -> str | None:
        """Bring a branch here; its commit, or None where the remote has no such branch."""
        raise NotImplementedError

    def push(self, repository: Repository, updates: Sequence[RefUpdate]) -> None:
        """Move refs there, all or none.

        Raises:
            RefMovedError: a ref is not what ``old`` says.
            RepositoryUnavailableError: the remote did not answer.
            RepositoryError: it refused, with its own words.

        """
        raise NotImplementedError
