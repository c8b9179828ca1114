"""The body of a pull request, built of sections, and what of it no text in it can break.

Texts of people (titles, names, messages) stand in code, and only there: in a fence that is longer than any in
it, or in a span without a character that could end it. So it cannot mention a user, add a link, refer to an issue, or
break no table. The whole stays below what a forge takes: what does not fit is left out in whole sections, and said.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from goldenpath.counts import counted
from goldenpath.repository.plan_wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["MAX_CHARS", "Body", "fenced", "span", "table"]

MAX_CHARS: Final = 60_000
"""GitHub takes 65,536 characters (its API answers "body is too long"), and a forge's own words are added."""

_FOR_NOTES: Final = 2_000
_MOST_NOTES: Final = 20
_SPAN_ENDS: Final = str.maketrans({"`": "ˋ", "|": "│"})


class Body:
    """Sections, as long as there is room for them."""

    def __init__(self) -> None:
        self._sections: list[str] = []
        self._room = MAX_CHARS - _FOR_NOTES
        self._left_out: list[str] = []

    def fits(self, text: str) -> bool:
        """Whether there is room for a section."""
        return len(text) < self._room

    def add(self, text: str) -> bool:
        """Add a section, if there is room and anything in it."""
        if not text or not self.fits(text):
            return not text
        self._sections.append(text)
        self._room -= len(text) + 1
        return True

    def leave_out(self, what: str) -> None:
        """Say that something is not here."""
        self._left_out.append(what)

    def add_items(self, title: str, word: str, items: Iterable[Iterator[str]]) -> None:
        """A section of items, line by line: as many as fit into half of the remaining room."""
        lines: list[str] = []
        room, left_out = self._room // 2, 0
        for item in items:
            text = list(item)
            size = sum(map(len, text)) + len(text)
            if size > room:
                left_out += 1
            else:
                lines += text
                room -= size
        if lines:
            self.add(f"### {title}\n\n{fenced(lines, 'text')}")
        if left_out:
            self.leave_out(counted(left_out, word))

    def text(self) -> str:
        """All of it."""
        notes = self._left_out[:_MOST_NOTES]
        if more := len(self._left_out) - len(notes):
            notes.append(f"{more} more")
        said = f"\nLeft out, to stay below what a forge takes: {'; '.join(notes)}.\n" if notes else ""
        return "\n".join(self._sections) + said


def fenced(lines: Sequence[str], language: str) -> str:
    """Lines in a fence that none of them can end."""
    text = "\n".join(lines)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"


def span(text: str) -> str:
    """A short text as code, also in a table; a character that would end either is shown by one like it."""
    plain = printable(text).translate(_SPAN_ENDS).strip()
    return f"`{plain}`" if plain else ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; nothing where there are no rows."""
    if not rows:
        return ""
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"
