"""Parts that both searches share: the result, the check of ``--kind``, and the reader of many files."""

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
"""Files in one batch of Git reads."""


@dataclass(frozen=True, slots=True)
class SearchResult(Generic[FoundT]):
    """The matches of a search, and the reasons for entries without a result.

    Attributes:
        found: the matches, in the order of their names.
        looked_at: the number of entries for which the expression was evaluated.
        not_set: for each field, the number of entries without a result because they do not set the field.
        unreadable: the problems of entries that could not be read.
        doubts: unlikely values in the expression.
    """

    found: tuple[FoundT, ...]
    looked_at: int
    not_set: Mapping[str, int]
    unreadable: tuple[Problem, ...]
    doubts: tuple[Problem, ...] = ()

    def doubt_notes(self) -> Iterator[str]:
        for problem in self.doubts:
            yield f"{problem.message}{f'; did you mean {problem.nearest}?' if problem.nearest else ''}"


def check_kind(kind: str | None, kinds: Collection[str]) -> None:
    """Refuse an unknown kind.

    Raises:
        InputError: the kind is unknown; the problem lists the known kinds and the nearest one.
    """
    if kind is not None and kind not in kinds:
        message = f"is not a kind; the kinds are {', '.join(kinds)}"
        raise InputError([Problem("--kind", "unknown-kind", message, kind, nearest(kind, kinds))])


def texts_of(state: FleetState, files: Iterable[tuple[PlaceT, TreeEntry]]) -> Iterator[tuple[PlaceT, str]]:
    """The text of each file; the files are read in batches."""
    remaining = iter(files)
    while some := list(islice(remaining, _AT_ONCE)):
        ids = [entry.id for _, entry in some]
        for (place, _), (_, data) in zip(some, state.tree.reader.blobs(ids), strict=True):
            yield place, data.decode(errors="replace")
