"""Tables for people: nothing in them is cut, so that they can be searched and copied from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

__all__ = ["table"]


def table(rows: Sequence[tuple[str, ...]], *, numbers: Collection[int] = ()) -> Iterator[str]:
    """The lines of a table; its first row is the headings, and columns of numbers stand at the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for place, row in enumerate(rows):
        cells = (
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        line = "  ".join(cells).rstrip()
        yield click.style(line, bold=True) if place == 0 else line
