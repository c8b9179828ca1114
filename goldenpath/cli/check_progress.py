"""Shows the progress of a long check on standard error: a bar on a terminal, or a line every ten seconds in a log."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from goldenpath.cli.check_inputs import InputFile

__all__ = ["LineInterval", "progress", "with_counter"]

T = TypeVar("T")

_MIN_BYTES: Final = 2 * 1024 * 1024
_MIN_FILES: Final = 20
_SECONDS_BETWEEN_LINES: Final = 10
_MEGABYTE: Final = 1_000_000


@contextmanager
def progress(files: Sequence[InputFile], clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Show the share of the files that was read, for a check that takes long."""
    total = sum(file.size for file in files)
    if total < _MIN_BYTES and len(files) < _MIN_FILES:
        yield
    elif sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415 - only a person who waits needs it
        from rich.progress import Progress  # noqa: PLC0415

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("Checking", total=total)
            with _watched(files, lambda size: bar.advance(task, size)):
                yield
    else:
        with _watched(files, _Lines(total, clock)):
            yield


def with_counter(entries: Sequence[T], noun: str, clock: Callable[[], float] = time.monotonic) -> Iterator[T]:
    """Iterate over the entries, and show the number of entries so far."""
    if sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415 - only a person who waits needs it
        from rich.progress import track  # noqa: PLC0415

        yield from track(entries, f"Checking {noun}", console=Console(stderr=True), transient=True)
        return
    interval = LineInterval(clock)
    for number, entry in enumerate(entries):
        if interval.is_over():
            click.echo(f"Checked {number:,} of {len(entries):,} {noun}", err=True)
        yield entry


class LineInterval:
    """The time between two lines of progress in a log."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._end = clock() + _SECONDS_BETWEEN_LINES

    def is_over(self) -> bool:
        """Whether a line is due; a due line starts the next interval."""
        now = self._clock()
        if now < self._end:
            return False
        self._end = now + _SECONDS_BETWEEN_LINES
        return True


@contextmanager
def _watched(files: Sequence[InputFile], on_read: Callable[[int], None]) -> Iterator[None]:
    for file in files:
        file.on_read.append(on_read)
    try:
        yield
    finally:
        for file in files:
            file.on_read.remove(on_read)


class _Lines:
    def __init__(self, total: int, clock: Callable[[], float]) -> None:
        self._total = total
        self._read = 0
        self._interval = LineInterval(clock)

    def __call__(self, size: int) -> None:
        self._read += size
        if self._interval.is_over():
            done, total = self._read / _MEGABYTE, self._total / _MEGABYTE
            click.echo(f"Checked {min(done, total):.0f} of {total:.0f} MB", err=True)
