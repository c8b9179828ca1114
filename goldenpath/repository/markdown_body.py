"""Build the body of a pull request from sections, safe from the texts in it.

Texts of people (titles, names, messages) appear only as code: in a fence that is longer than any fence in the text, or
in a span without a character that could end it. So they cannot mention a user, add a link, refer to an issue or break a
table. The body stays below the limit of forges: sections that do not fit are left out, and a note names them.
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
"""GitHub's limit is 65,536 characters (its API answers "body is too long"), including the text that a forge adds."""

_FOR_NOTES: Final = 2_000
_MOST_NOTES: Final = 20
_SPAN_ENDS: Final = str.maketrans({"`": "ˋ", "|": "│"})


class Body:
    """Collects sections while there is room for them."""

    def __init__(self) -> None:
        self._sections: list[str] = []
        self._room = MAX_CHARS - _FOR_NOTES
        self._left_out: list[str] = []

    def fits(self, text: str) -> bool:
        """Whether there is room for a section."""
        return len(text) < self._room

    def add(self, text: str) -> bool:
        """Add a section if there is room. Return whether it fits; an empty section always does."""
        if not text or not self.fits(text):
            return not text
        self._sections.append(text)
        self._room -= len(text) + 1
        return True

    def leave_out(self, what: str) -> None:
        """Note that something is left out."""
        self._left_out.append(what)

    def add_items(self, title: str, word: str, items: Iterable[Iterator[str]]) -> None:
        """Add a section with as many items as fit into half of the remaining room, line by line."""
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
        notes = self._left_out[:_MOST_NOTES]
        if more := len(self._left_out) - len(notes):
            notes.append(f"{more} more")
        note = f"\nLeft out because of the forge's limit: {'; '.join(notes)}.\n" if notes else ""
        return "\n".join(self._sections) + note


def fenced(lines: Sequence[str], language: str) -> str:
    """Put lines into a fence that no line can end."""
    text = "\n".join(lines)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"


def span(text: str) -> str:
    """A short text as code, also in a table. Similar characters replace those that would end the code or the cell."""
    plain = printable(text).translate(_SPAN_ENDS).strip()
    return f"`{plain}`" if plain else ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; empty if there are no rows."""
    if not rows:
        return ""
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"
