"""A fleet repository, and every verb on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from goldenpath.fleet.context import FleetContext
from goldenpath.fleet.state import Contexts
from goldenpath.intake import builtin_library
from goldenpath.publish.git import Person, Store
from goldenpath.publish.writer import Writer

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.paths import Library
    from goldenpath.publish.git import Credentials, Signer

__all__ = ["Fleet"]

COMMITTER = Person("goldenpath", "goldenpath@localhost")
"""Who writes where nobody else was named. The author is the person who asked."""


class Fleet:
    """One branch of a fleet repository. Safe for many threads; close it, or use it in ``with``.

    Changes of many threads become one commit each and one push together.
    """

    def __init__(
        self,
        store: Store,
        *,
        library: Library | None = None,
        committer: Person | None = None,
        signer: Signer | None = None,
    ) -> None:
        self.store = store
        self.library = library or builtin_library()
        self.committer = committer or COMMITTER
        self._writer = Writer(store, self.committer, signer=signer)
        self._contexts = Contexts(lambda text: FleetContext(text, library=self.library))

    @classmethod
    def open(
        cls,
        place: str | Path,
        *,
        branch: str | None = None,
        library: Library | None = None,
        credentials: Credentials | None = None,
        committer: Person | None = None,
        signer: Signer | None = None,
        cache: Path | None = None,
    ) -> Self:
        """Open a fleet repository.

        Args:
            place: a directory (a work tree, or a bare repository), or a URL that Git can reach.
            branch: the branch to work on; the repository's default one otherwise.
            library: golden paths; the built-in ones otherwise.
            credentials: for the remote; without any, Git's own helpers and agents are asked.
            committer: who writes.
            signer: signs every commit.
            cache: where mirrors of remote repositories are kept; the user's cache folder otherwise.

        Raises:
            InputError: the place is no repository, or none that can be used.
            RepositoryError: Git cannot use it, or the remote refuses.
        """
        store = Store.open(place, branch=branch, credentials=credentials, cache=cache)
        return cls(store, library=library, committer=committer, signer=signer)

    def close(self) -> None:
        """End the processes that read for it."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
