"""Find hand edits: files in a tenant's places that differ from the last publish.

The search compares only Git's ids, with those in the lock. A file that equals the new rendering is not a hand edit: a
publish would leave it as it is.
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
    """One file that a person edited. A publish would overwrite, restore or remove it.

    ``advice`` explains for each object how to keep the edit (:func:`goldenpath.repository.hand_edit_advice.advise`).
    """

    path: str
    edit: EditKind
    advice: tuple[Advice, ...] = ()


def is_record(path: str) -> bool:
    """Whether a file is a record: a request, which people edit, a lock, or a tombstone."""
    folder, _, name = path.rpartition("/")
    of_platform = name == LOCK_FILE and folder.count("/") == 1
    return name in RECORD_FILES and (of_platform or not path.startswith(f"{CLUSTERS}/"))


def hand_edits(
    lock: Lock | None, present: Mapping[str, TreeEntry], rendered: Mapping[str, str]
) -> tuple[HandEdit, ...]:
    """Every hand edit that a publish would undo, by path.

    Args:
        lock: the record of the last publish; None if there was no publish.
        present: the files in the tenant's or platform's places.
        rendered: Git's id of each newly rendered file, by path.
    """
    return tuple(_edits({} if lock is None else lock.files, present, rendered))


def _edits(
    locked: Mapping[str, str], present: Mapping[str, TreeEntry], rendered: Mapping[str, str]
) -> Iterator[HandEdit]:
    for path in sorted({*locked, *present}):
        if is_record(path):
            continue
        before, entry, after = locked.get(path), present.get(path), rendered.get(path)
        now = None if entry is None else plain_id(entry)
        if now in (before, after):
            continue
        if before is None:
            yield HandEdit(path, EditKind.ADDED)
        else:
            yield HandEdit(path, EditKind.REMOVED if entry is None else EditKind.CHANGED)


def plain_id(entry: TreeEntry) -> str:
    """The id of a plain file; for a symbolic link or an executable, an id that no rendered file can have."""
    return entry.id if entry.mode == FILE_MODE else f"{entry.mode:o} {entry.id}"
