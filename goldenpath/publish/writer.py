"""The one writer: requests of many threads become commits of one branch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from goldenpath.publish.git import Person, PreparedObject, Signer, Snapshot, Store


@dataclass(frozen=True, slots=True)
class Draft:
    """What one commit would change: files by path (None removes one), and what it says.

    A file is its bytes, an object that ``prepare_blob`` made, or the id of a blob that is there already.
    """

    files: Mapping[str, bytes | PreparedObject | str | None]
    message: str
    author: Person | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a draft. ``commit`` is None where nothing needed one; ``tip`` is where the branch stands."""

    branch: str
    base: str | None
    tip: str | None
    tree: str
    commit: str | None


class Writer:
    """Turns drafts into commits, one each, and many at once into one push. Safe for many threads."""

    def __init__(
        self,
        store: Store,
        committer: Person,
        *,
        signer: Signer | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        raise NotImplementedError

    def submit(self, make: Callable[[Snapshot], Draft | None], *, key: Hashable | None = None) -> Written:
        """Commit what ``make`` drafts on top of the branch; returns when it is durable.

        ``make`` may be called again, on a newer snapshot, when somebody else moved the branch. Drafts with the same
        ``key`` that wait together are made once.
        """
        raise NotImplementedError

    def propose(
        self,
        branch: str,
        make: Callable[[Snapshot], Draft | None],
        *,
        key: Hashable | None = None,
        overwrite: bool = False,
    ) -> Written:
        """Make a branch of one commit on top of the base branch, for a pull request; returns when it is durable.

        The same files on the same base leave the branch as it is. A branch whose last commit is not by this
        writer's committer is refused unless ``overwrite``.
        """
        raise NotImplementedError
