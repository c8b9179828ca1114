"""Paths of fields as people write them: ``gpus[profile=nvidia-a100-80gb].quota``.

A path selects an entry of a list by its number (``gpus[0]``), by its fields (``gpus[profile=…,pool=…]``) or, in a list of
words, by its value (``clusters[=eu-central]``). ``gpus[]`` selects all entries. A key that is not a plain word may stand in
brackets (``labels[app.kubernetes.io/name]``). A key that exists already needs no brackets.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.errors import MISSING, InputError
from goldenpath.spec.parsed_fields import value_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.spec.parsed_fields import Location

__all__ = [
    "AnyEntry",
    "Append",
    "FieldKey",
    "Index",
    "Match",
    "Step",
    "as_text",
    "locations",
    "parse_path",
    "values_at",
    "writable_locations",
]


@dataclass(frozen=True, slots=True)
class FieldKey:
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """One entry of a list, by its number from 0."""

    number: int


@dataclass(frozen=True, slots=True)
class Match:
    """Each entry of a list whose fields have these values; an empty field name stands for the entry itself."""

    wanted: tuple[tuple[str, str], ...]

    def fits(self, entry: Any) -> bool:
        for field, text in self.wanted:
            value = entry if not field else entry.get(field, MISSING) if isinstance(entry, dict) else MISSING
            if value is MISSING or as_text(value) != text:
                return False
        return True


@dataclass(frozen=True, slots=True)
class AnyEntry:
    """Every entry of a list."""


@dataclass(frozen=True, slots=True)
class Append:
    """A new entry after the last one."""


Step = FieldKey | Index | Match | AnyEntry | Append


def as_text(value: Any) -> str:
    """A scalar as a person writes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def parse_path(text: str, *, option: str = "path") -> tuple[Step, ...]:
    """Parse a path into its steps.

    Args:
        text: the path.
        option: the option that a problem names.

    Raises:
        InputError: the text is not a path; the problem names the column.
    """
    steps: list[Step] = []
    at = 0
    while at < len(text):
        if text[at] == "[":
            inside, at = _bracket(text, at, option)
            steps.append(_entry(inside, text, at, option))
        elif text[at] == "." and steps and at + 1 < len(text) and text[at + 1] not in ".[":
            at += 1
        elif text[at] not in ".]" and (not steps or text[at - 1] == "."):
            end = next((place for place in range(at, len(text)) if text[place] in ".[]"), len(text))
            steps.append(FieldKey(text[at:end]))
            at = end
        else:
            raise _refused(text, at, option)
    if not steps:
        raise InputError.of(option, "field-path", "is empty; write a field such as compute.memory", text)
    return tuple(steps)


def _bracket(text: str, at: int, option: str) -> tuple[str, int]:
    """The text in the brackets that open at a place, and the place after them."""
    quote = ""
    for place in range(at + 1, len(text)):
        mark = text[place]
        if quote:
            quote = "" if mark == quote else quote
        elif mark in "\"'":
            quote = mark
        elif mark == "]":
            return text[at + 1 : place], place + 1
    raise _refused(text, at, option, "the bracket is not closed")


def _entry(inside: str, text: str, at: int, option: str) -> Step:
    if inside in {"", "*"}:
        return AnyEntry()
    if inside == "+":
        return Append()
    if inside.isdecimal():
        return Index(int(inside))
    if inside[0] in "\"'" and inside[-1] == inside[0] and len(inside) > 1:
        return FieldKey(inside[1:-1])
    if "=" not in inside:
        return FieldKey(inside)
    wanted = []
    for pair in inside.split(","):
        field, equals, value = pair.partition("=")
        if not equals:
            raise _refused(text, at, option, f"`{pair}` is not field=value")
        quoted = len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]
        wanted.append((field.strip(), value[1:-1] if quoted else value.strip()))
    return Match(tuple(wanted))


def _refused(
    text: str, at: int, option: str, why: str = "a field or a bracket is expected here"
) -> InputError:
    message = f"column {at + 1}: {why}; write a path such as gpus[profile=nvidia-h100-80gb].quota"
    return InputError.of(option, "field-path", message, text)


def locations(document: Any, steps: Sequence[Step]) -> tuple[Location, ...]:
    """Every existing place in a document that a path selects."""
    return tuple(_walk(document, tuple(steps), ()))


def values_at(document: Any, path: str) -> list[Any]:
    """Every value in a document that a path selects."""
    return [value_at(document, location) for location in locations(document, parse_path(path))]


def writable_locations(document: Any, steps: Sequence[Step]) -> tuple[Location, ...]:
    """Every place that a path selects, and the place of a missing field or entry that can be added."""
    found = locations(document, steps)
    if found:
        return found
    *most, last = steps
    if isinstance(last, Append):
        lists = writable_locations(document, most) if most else ((),)
        return tuple(
            (*location, len(there) if isinstance(there := value_at(document, location), list) else 0)
            for location in lists
            if isinstance(value_at(document, location), list)
            or value_at(document, location) in (MISSING, None)
        )
    if not isinstance(last, FieldKey):
        return ()
    above = writable_locations(document, most) if most else ((),)
    return tuple(
        (*location, last.name)
        for location in above
        if isinstance(there := value_at(document, location), dict) or there in (MISSING, None)
    )


def _walk(value: Any, steps: tuple[Step, ...], before: Location) -> Iterator[Location]:
    if not steps:
        yield before
        return
    first, rest = steps[0], steps[1:]
    if isinstance(value, dict):
        # A key may hold dots itself, so the longest key that exists wins.
        names = [step.name for step in _leading_keys(steps)]
        for count in range(len(names), 0, -1):
            key = ".".join(names[:count])
            if key in value:
                yield from _walk(value[key], steps[count:], (*before, key))
                return
    elif isinstance(value, list | tuple):
        for number, entry in enumerate(value):
            is_selected = (
                isinstance(first, AnyEntry)
                or (isinstance(first, Index) and first.number == number)
                or (isinstance(first, Match) and first.fits(entry))
            )
            if is_selected:
                yield from _walk(entry, rest, (*before, number))


def _leading_keys(steps: Sequence[Step]) -> list[FieldKey]:
    keys: list[FieldKey] = []
    for step in steps:
        if not isinstance(step, FieldKey):
            break
        keys.append(step)
    return keys
