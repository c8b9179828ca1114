"""Changing one field in what a person wrote, and leaving the rest of it, comments above all, as it is."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["with_entries", "with_field"]

_BELONGS_TO_FIELD: Final = re.compile(r"[ \t]+\S|-(\s|$)")
"""A line that goes on with the value of the field above it: indented, or an entry of its list."""


_DASH: Final = re.compile(r"([ \t]*)-(?:\s|$)")


def with_field(text: str, field: str, value: Any) -> str:
    """A YAML mapping's text with one of its own fields set, or removed where the value is None.

    Where the text is written in a way in which that cannot be done line by line (in braces, for one), the whole
    document is written anew, and its comments are lost.

    Raises:
        InputError: the text is no YAML.
    """
    document = kubeyaml.load(text)
    wanted = {key: known for key, known in document.items() if key != field}
    if value is not None:
        wanted[field] = value
    lines = list(_without(text.splitlines(keepends=True), field))
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    if value is not None:
        lines.append(kubeyaml.dump({field: value}))
    changed = "".join(lines)
    try:
        if kubeyaml.load(changed) == wanted:
            return changed
    except InputError:
        pass
    return kubeyaml.dump(wanted)


def with_entries(text: str, field: str, entries: list[Any]) -> str:
    """A YAML mapping's text with entries added to the end of one of its own lists; comments in the list stay.

    Raises:
        InputError: the text is no YAML.
    """
    document = kubeyaml.load(text)
    there = document.get(field) or []
    wanted = {**document, field: [*there, *entries]}
    lines = text.splitlines(keepends=True)
    inside = list(_lines_of(lines, field))
    dash = next((_DASH.match(lines[index]) for index in inside if _DASH.match(lines[index])), None)
    if there and dash is not None:
        last = inside[-1] + 1
        added = [f"{dash[1]}{line}\n" for line in kubeyaml.dump(entries).splitlines()]
        before = "".join(lines[:last])
        changed = "".join([before if before.endswith("\n") else f"{before}\n", *added, *lines[last:]])
        with contextlib.suppress(InputError):
            if kubeyaml.load(changed) == wanted:
                return changed
    return with_field(text, field, wanted[field])


def _lines_of(lines: list[str], field: str) -> Iterator[int]:
    """Indexes of the lines with content that go on with a top-level field."""
    inside = False
    for index, line in enumerate(lines):
        if re.match(rf"{re.escape(field)}[ \t]*:", line):
            inside = True
        elif inside and _BELONGS_TO_FIELD.match(line):
            if not line.lstrip().startswith("#"):
                yield index
        elif inside and line.strip() and not line.startswith("#"):
            return


def _without(lines: list[str], field: str) -> Iterator[str]:
    """The lines without those of a top-level field."""
    inside = False
    for line in lines:
        if re.match(rf"{re.escape(field)}[ \t]*:", line):
            inside = True
        elif not (inside and _BELONGS_TO_FIELD.match(line)):
            inside = False
            yield line
