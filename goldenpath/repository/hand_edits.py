"""Hand edits: files in a tenant's places that are not what the last publish left there.

They are found by Git's ids alone, against the lock. What is already as it will be rendered is not a hand edit: somebody
has put right by hand what a publish would have put right.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.git.objects import FILE_MODE
from goldenpath.repository.lock import LOCK_FILE
from goldenpath.tenancy.repository_paths import CLUSTERS, RECORD_FILES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.git.objects import TreeEntry
    from goldenpath.repository.hand_edit_advice import Advice
    from goldenpath.repository.lock import Lock

__all__ = ["EditKind", "HandEdit", "hand_edits", "is_record", "plain_id"]


class EditKind(enum.StrEnum):
    """The ways to edit a file."""

    CHANGED = "changed"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class HandEdit:
    """One file that a person edited: publishing would write over it, bring it back or remove it.

    ``advice`` says for each object in it how to keep what was meant (:func:`goldenpath.repository.hand_edit_advice.advise`).
    """

    path: str
    edit: EditKind
    advice: tuple[Advice, ...] = ()


def is_record(path: str) -> bool:
    """Whether a file says what a tenant or a platform is: a request, which is people's to edit, or a lock."""
    folder, _, name = path.rpartition("/")
    of_platform = name == LOCK_FILE and folder.count("/") == 1
    return name in RECORD_FILES and (of_platform or not path.startswith(f"{CLUSTERS}/"))


def hand_edits(
    lock: Lock | None, there: Mapping[str, TreeEntry], rendered: Mapping[str, str]
) -> tuple[HandEdit, ...]:
    """Every hand edit that a publish would undo, by path.

    Args:
        lock: what the last publish recorded; without one, nothing is known to be its work.
        there: the files in the tenant's or platform's places.
        rendered: by path, Git's id of each file as it is rendered now.

    """
    locked = {} if lock is None else lock.files
    return tuple(_edits(locked, there, rendered))


def _edits(
    locked: Mapping[str, str], there: Mapping[str, TreeEntry], rendered: Mapping[str, str]
) -> Iterator[HandEdit]:
    for path in sorted({*locked, *there}):
        if is_record(path):
            continue
        before, entry, after = locked.get(path), there.get(path), rendered.get(path)
        now = None if entry is None else plain_id(entry)
        if now in (before, after):
            continue
        if before is None:
            yield HandEdit(path, EditKind.ADDED)
        else:
            yield HandEdit(path, EditKind.REMOVED if entry is None else EditKind.CHANGED)


def plain_id(entry: TreeEntry) -> str:
    """The id of a plain file; for a symbolic link or an executable, one that nothing rendered has."""
    return entry.id if entry.mode == FILE_MODE else f"{entry.mode:o} {entry.id}"
