"""Group the parts of a plan that change in the same way, so that a person can review a thousand tenants."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.errors import MISSING, InputError
from goldenpath.repository.field_changes import field_changes
from goldenpath.repository.plan_wording import MARKS, printable, shown_value
from goldenpath.tenancy.repository_paths import REQUEST_FILES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.repository.field_changes import FieldChange
    from goldenpath.repository.publish_plan import Part

__all__ = ["ChangeGroup", "change_groups"]

_MOST_EXACT: Final = 15
"""With more groups than this, groups that change the same fields are joined, whatever the values."""
_VALUES: Final = 3


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a change: a mark, a place, and the value there."""

    mark: str
    place: str
    value: str = ""
    about: str = ""
    """The object of the line: two objects may change in the same way."""

    @property
    def shape(self) -> tuple[str, str, str]:
        return self.mark, self.place, self.about


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """Parts that change in the same way. In ``lines``, ``<tenant>`` stands for the name of each."""

    parts: tuple[Part, ...]
    lines: tuple[str, ...]
    is_exact: bool = True
    """Whether all parts have the same values."""


def change_groups(parts: Sequence[Part]) -> tuple[ChangeGroup, ...]:
    """The changed parts in groups, the largest group first."""
    lines = {index: _lines(part) for index, part in enumerate(parts) if part.changes}
    exact: defaultdict[tuple[_Line, ...], list[int]] = defaultdict(list)
    for index, part_lines in lines.items():
        exact[part_lines].append(index)
    groups = [[*members] for members in exact.values()]
    if len(groups) > _MOST_EXACT:
        joined: defaultdict[tuple[tuple[str, str, str], ...], list[int]] = defaultdict(list)
        for part_lines, members in exact.items():
            joined[tuple(line.shape for line in part_lines)] += members
        groups = [sorted(members) for members in joined.values()]
    found = (_group(parts, members, lines) for members in groups)
    return tuple(sorted(found, key=lambda group: (-len(group.parts), group.parts[0].name)))


def _group(parts: Sequence[Part], members: list[int], lines: dict[int, tuple[_Line, ...]]) -> ChangeGroup:
    columns = list(zip(*(lines[index] for index in members), strict=True))
    is_exact = all(len({line.value for line in column}) == 1 for column in columns)
    return ChangeGroup(tuple(parts[index] for index in members), tuple(map(_merged, columns)), is_exact)


def _merged(column: tuple[_Line, ...]) -> str:
    first = column[0]
    values = list(dict.fromkeys(line.value for line in column))
    if len(values) == 1:
        return f"{first.mark} {first.place}{first.value and f': {first.value}'}"
    more = f" and {len(values) - _VALUES:,} other values" if len(values) > _VALUES else ""
    return f"{first.mark} {first.place}: {', '.join(values[:_VALUES])}{more}"


def _lines(part: Part) -> tuple[_Line, ...]:
    """The lines of a part. A line that is the same on several clusters appears once."""
    name = re.compile(rf"(?<![a-z0-9]){re.escape(part.ref.namespace or part.ref.name)}(?![a-z0-9])")
    found: defaultdict[str, dict[_Line, None]] = defaultdict(dict)
    for line in (*_of_request(part), *_of_objects(part)):
        words = [name.sub("<tenant>", each) for each in (line.place, line.value, line.about)]
        found[words[-1]][_Line(line.mark, *words)] = None
    # An object on several clusters appears once, with all of its changes.
    return tuple(line for of_object in found.values() for line in of_object)


def _of_request(part: Part) -> Iterator[_Line]:
    for file in part.changes.files:
        if file.path.rpartition("/")[2] not in REQUEST_FILES.values():
            continue
        before, after = _document(file.before), _document(file.after)
        if before != after:
            yield _Line(" ", "the request")
            yield from _of_fields(field_changes(before, after))


def _document(text: str | None) -> dict[str, Any]:
    try:
        document = kubeyaml.load(text or "")
    except InputError:
        return {}
    return document if isinstance(document, dict) else {}


def _of_objects(part: Part) -> Iterator[_Line]:
    for change in part.changes.objects:
        about = printable(str(change.id))
        yield _Line(MARKS[change.action], about, about=about)
        for line in _of_fields(change.fields):
            yield replace(line, place=f"    {line.place}", about=about)


def _of_fields(fields: Sequence[FieldChange]) -> Iterator[_Line]:
    for field in fields:
        for mark, value in (("-", field.before), ("+", field.after)):
            if value is not MISSING:
                yield _Line(mark, printable(field.path), shown_value(value))
