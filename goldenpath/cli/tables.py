"""Tables for people. Cells are never cut, so that people can search and copy them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

__all__ = ["table"]


def table(rows: Sequence[tuple[str, ...]], *, numbers: Collection[int] = ()) -> Iterator[str]:
    """The lines of a table with headings in its first row; columns of ``numbers`` are aligned to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for place, row in enumerate(rows):
        cells = (
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        line = "  ".join(cells).rstrip()
        yield click.style(line, bold=True) if place == 0 else line
