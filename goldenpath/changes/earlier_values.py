"""Restore in a document the values from before a change. Pure.

A name (a profile, a name) identifies an entry of a list, never similarity. Entries without a name are identified by
their place, and only if the list has not changed since.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from goldenpath.errors import MISSING, shown
from goldenpath.kubeyaml import same
from goldenpath.queries.list_entries import entry_label, entry_name, entry_names, paired_entries
from goldenpath.spec.parsed_fields import value_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.spec.parsed_fields import Location

__all__ = ["Conflict", "EarlierValues", "earlier_values"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that a later change also touched. The values are text for people."""

    path: str
    before: str
    after: str
    now: str


@dataclass(slots=True)
class EarlierValues:
    """The edits that restore earlier values, in a valid order of application, and the conflicts."""

    changes: list[tuple[Location, Any]] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


def earlier_values(before: Any, after: Any, now: Any) -> EarlierValues:
    """The edits that restore the values from before a change.

    Args:
        before: the document before the change.
        after: the document after the change.
        now: the present document, with later changes of others.
    """
    search = _Search()
    search.values((), "", _Triple(before, after, now))
    # The last entries are removed first, so that the indexes of the others stay valid.
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
        return _Triple(*(each.get(key, MISSING) for each in self))

    def are_all(self, kind: type) -> bool:
        return all(isinstance(each, kind) for each in self)


@dataclass(slots=True)
class _Search:
    sets: list[tuple[Location, Any]] = field(default_factory=list)
    removed: list[Location] = field(default_factory=list)
    added: list[tuple[Location, Any]] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    def values(self, at: Location, path: str, place: _Triple) -> None:
        """Collect each place of ``now`` that must change, with its earlier value."""
        before, after, now = place
        if same(before, after) or same(now, before):
            return
        if place.are_all(dict):
            for key in (*before, *(key for key in after if key not in before)):
                self.values((*at, key), f"{path}.{key}" if path else key, place.field(key))
        elif place.are_all(list) and not same(after, now):
            self._entries(at, path, place)
        elif not same(now, after):
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
            elif _is_lost(old, new, names) and not same(now, old):
                self._conflict(inner, old, new, now)

    def _conflict(self, path: str, before: Any, after: Any, now: Any) -> None:
        self.conflicts.append(Conflict(path, _words(before), _words(after), _words(now)))

    def appended(self, now: Any) -> Iterator[tuple[Location, Any]]:
        """The restored entries at the end of their lists, after the removals."""
        added: Counter[Location] = Counter()
        for at, value in self.added:
            removed = sum(location[:-1] == at for location in self.removed)
            yield (*at, len(value_at(now, at)) - removed + added[at]), value
            added[at] += 1


def _is_lost(old: Any, new: Any, names: Mapping[str, int]) -> bool:
    """Whether an entry that the change edited or removed has no place to restore it at."""
    return new is MISSING or (old is not MISSING and not same(old, new) and entry_name(old) not in names)


def _pairs(before: list[Any], after: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Each old entry with its new state, then the new entries."""
    pairs = paired_entries(before, after)
    for number, entry in enumerate(before):
        yield entry, after[pairs[number]] if number in pairs else MISSING
    for number, entry in enumerate(after):
        if number not in pairs.values():
            yield MISSING, entry


def _words(value: Any) -> str:
    return "not set" if value is MISSING else shown(value)
