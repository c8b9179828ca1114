"""Shows the progress of a long check on standard error: a bar for a person, a line now and then for a log."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from goldenpath.cli.check_inputs import Named

__all__ = ["progress", "with_counter"]

T = TypeVar("T")

_ENOUGH_BYTES_TO_WAIT_FOR: Final = 2 * 1024 * 1024
_ENOUGH_FILES_TO_WAIT_FOR: Final = 20
_SECONDS_BETWEEN_LINES: Final = 10
_MEGABYTE: Final = 1_000_000


@contextmanager
def progress(files: Sequence[Named], clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Show how much of the files was read, where that takes long enough to be of interest."""
    total = sum(named.size for named in files)
    if total < _ENOUGH_BYTES_TO_WAIT_FOR and len(files) < _ENOUGH_FILES_TO_WAIT_FOR:
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


def with_counter(entries: Sequence[T], what: str, clock: Callable[[], float] = time.monotonic) -> Iterator[T]:
    """The entries, and how many of them were taken, where that takes long enough to be of interest."""
    if sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415 - only a person who waits needs it
        from rich.progress import track  # noqa: PLC0415

        yield from track(entries, f"Checking {what}", console=Console(stderr=True), transient=True)
        return
    following = clock() + _SECONDS_BETWEEN_LINES
    for number, entry in enumerate(entries):
        if clock() >= following:
            following = clock() + _SECONDS_BETWEEN_LINES
            click.echo(f"Checked {number:,} of {len(entries):,} {what}", err=True)
        yield entry


@contextmanager
def _watched(files: Sequence[Named], on_read: Callable[[int], None]) -> Iterator[None]:
    for named in files:
        named.on_read.append(on_read)
    try:
        yield
    finally:
        for named in files:
            named.on_read.remove(on_read)


class _Lines:
    """A line when some time has passed, for logs."""

    def __init__(self, total: int, clock: Callable[[], float]) -> None:
        self._total = total
        self._read = 0
        self._clock = clock
        self._next = clock() + _SECONDS_BETWEEN_LINES

    def __call__(self, size: int) -> None:
        self._read += size
        now = self._clock()
        if now >= self._next:
            self._next = now + _SECONDS_BETWEEN_LINES
            done, total = self._read / _MEGABYTE, self._total / _MEGABYTE
            click.echo(f"Checked {min(done, total):.0f} of {total:.0f} MB", err=True)
