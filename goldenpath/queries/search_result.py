"""Shared by searches: their results, the kinds to choose from, and reading many files."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from goldenpath.errors import InputError, Problem
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.git import TreeEntry

__all__ = ["SearchResult", "check_kind", "texts_of"]

FoundT = TypeVar("FoundT")
PlaceT = TypeVar("PlaceT")

_AT_ONCE: Final = 500
"""Files that are read together."""


@dataclass(frozen=True, slots=True)
class SearchResult(Generic[FoundT]):
    """What a search found, and what it could not say.

    Attributes:
        found: in the order of their names.
        looked_at: how many were asked.
        not_set: for each field, how many gave no answer for want of it.
        unreadable: the problems of those that could not be asked.
        doubts: values in the expression that are unlikely.
    """

    found: tuple[FoundT, ...]
    looked_at: int
    not_set: Mapping[str, int]
    unreadable: tuple[Problem, ...]
    doubts: tuple[Problem, ...] = ()

    def doubt_notes(self) -> Iterator[str]:
        """The doubts, a sentence each."""
        for problem in self.doubts:
            yield f"{problem.message}{f'; did you mean {problem.nearest}?' if problem.nearest else ''}"


def check_kind(kind: str | None, kinds: Collection[str]) -> None:
    """Refuse a kind to search for that is not there.

    Raises:
        InputError: with the kinds that there are, and the nearest.
    """
    if kind is not None and kind not in kinds:
        message = f"there are {', '.join(kinds)}"
        raise InputError([Problem("--kind", "unknown-kind", message, kind, nearest(kind, kinds))])


def texts_of(state: FleetState, files: Iterable[tuple[PlaceT, TreeEntry]]) -> Iterator[tuple[PlaceT, str]]:
    """The text of each file, read many at a time."""
    remaining = iter(files)
    while some := list(islice(remaining, _AT_ONCE)):
        ids = [entry.id for _, entry in some]
        for (place, _), (_, data) in zip(some, state.tree.reader.blobs(ids), strict=True):
            yield place, data.decode(errors="replace")
