"""Restores in a document the values that it had before a change.

Pure. Entries of a list are known by what names them (a profile, a name), never by likeness; where nothing names them,
by their place, if the list has not changed since.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from goldenpath.errors import MISSING, shown
from goldenpath.queries.list_entries import entry_label, entry_name, entry_names, paired_entries
from goldenpath.spec.parsed_fields import value_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.spec.parsed_fields import Location

__all__ = ["Conflict", "EarlierValues", "earlier_values"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that a later change touched too. Values are as people read them."""

    path: str
    before: str
    after: str
    now: str


@dataclass(slots=True)
class EarlierValues:
    """The changes that take a change back, in the order in which they can be made, and where that cannot be."""

    changes: list[tuple[Location, Any]] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


def earlier_values(before: Any, after: Any, now: Any) -> EarlierValues:
    """How to give a document back the values that it had before a change.

    Args:
        before: the document before the change.
        after: the document after it.
        now: the document as it is, with later changes of others.
    """
    search = _Search()
    search.values((), "", _Triple(before, after, now))
    # The last entries go first, so that the places of the others stay what they are.
    search.removed.sort(key=_last_first)
    removals: list[tuple[Location, Any]] = [(location, MISSING) for location in search.removed]
    return EarlierValues([*search.sets, *removals, *search.appended(now)], search.conflicts)


def _last_first(location: Location) -> tuple[int, ...]:
    return tuple(-step if isinstance(step, int) else 0 for step in location)


class _Triple(NamedTuple):
    """One place in the three documents."""

    before: Any
    after: Any
    now: Any

    def field(self, key: str) -> _Triple:
        """A field of it."""
        return _Triple(*(each.get(key, MISSING) for each in self))

    def are_all(self, kind: type) -> bool:
        """Whether all three are of a kind."""
        return all(isinstance(each, kind) for each in self)


@dataclass(slots=True)
class _Search:
    sets: list[tuple[Location, Any]] = field(default_factory=list)
    removed: list[Location] = field(default_factory=list)
    added: list[tuple[Location, Any]] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    def values(self, at: Location, path: str, place: _Triple) -> None:
        """Each place of ``now`` that has to change, with its earlier value."""
        before, after, now = place
        if _same(before, after) or _same(now, before):
            return
        if place.are_all(dict):
            for key in (*before, *(key for key in after if key not in before)):
                self.values((*at, key), f"{path}.{key}" if path else key, place.field(key))
        elif place.are_all(list) and not _same(after, now):
            self._entries(at, path, place)
        elif not _same(now, after):
            self._conflict(path, *place)
        elif before is MISSING:
            self.removed.append(at)
        else:
            self.sets.append((at, before))

    def _entries(self, at: Location, path: str, place: _Triple) -> None:
        names = entry_names(place.now)
        if names is None or entry_names(place.after) is None or entry_names(place.before) is None:
            self._conflict(path, *place)
            return
        for old, new in _pairs(place.before, place.after):
            number = names.get(entry_name(old if new is MISSING else new))
            inner = f"{path}[{entry_label(old if new is MISSING else new)}]"
            now = MISSING if number is None else place.now[number]
            if number is not None and MISSING not in (old, new):
                self.values((*at, number), inner, _Triple(old, new, now))
            elif old is MISSING and number is not None:
                self.values((*at, number), inner, _Triple(MISSING, new, now))
            elif new is MISSING and number is None:
                self.added.append((at, old))
            elif _is_lost(old, new, names) and not _same(now, old):
                self._conflict(inner, old, new, now)

    def _conflict(self, path: str, before: Any, after: Any, now: Any) -> None:
        self.conflicts.append(Conflict(path, _words(before), _words(after), _words(now)))

    def appended(self, now: Any) -> Iterator[tuple[Location, Any]]:
        """Entries that return come last in their list, whose length the removals have changed."""
        more: Counter[Location] = Counter()
        for of, value in self.added:
            there = value_at(now, of)
            gone = sum(location[:-1] == of for location in self.removed)
            yield (*of, len(there) - gone + more[of]), value
            more[of] += 1


def _is_lost(old: Any, new: Any, names: Mapping[str, int]) -> bool:
    """Whether an entry that the change made other, or removed, is not where it could be given back."""
    return new is MISSING or (old is not MISSING and not _same(old, new) and entry_name(old) not in names)


def _pairs(before: list[Any], after: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Each entry with what became of it, then those that are new."""
    pairs = paired_entries(before, after)
    for number, entry in enumerate(before):
        yield entry, after[pairs[number]] if number in pairs else MISSING
    for number, entry in enumerate(after):
        if number not in pairs.values():
            yield MISSING, entry


def _same(one: Any, other: Any) -> bool:
    if one is MISSING or other is MISSING:
        return one is other
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _words(value: Any) -> str:
    return "not set" if value is MISSING else shown(value)
