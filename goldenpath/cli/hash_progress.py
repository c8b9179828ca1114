"""Shows the progress of hashing on standard error: a bar on a terminal, or a line every ten seconds in a log."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from goldenpath.cli.check_progress import LineInterval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.datasets.hashing import HashProgress

__all__ = ["hash_progress"]

_MEGABYTE: Final = 1_000_000


@contextmanager
def hash_progress(
    verb: str = "Hashing", clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[HashProgress], None]]:
    """Show progress during a run; yields the function that receives it."""
    if sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415 - only a person who waits needs it
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn  # noqa: PLC0415

        columns = (TextColumn(f"{verb} {{task.fields[files]:,}} files"), BarColumn(), DownloadColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=None, files=0)

            def show(done: HashProgress) -> None:
                total = done.found if done.is_found else None
                bar.update(task, completed=done.read, total=total, files=done.files)

            yield show
    else:
        yield _Lines(verb, clock)


class _Lines:
    def __init__(self, verb: str, clock: Callable[[], float]) -> None:
        self._verb = verb
        self._interval = LineInterval(clock)

    def __call__(self, done: HashProgress) -> None:
        if self._interval.is_over():
            more = "" if done.is_found else ", and more to find"
            click.echo(
                f"{self._verb}: {done.read / _MEGABYTE:,.0f} of {done.found / _MEGABYTE:,.0f} MB "
                f"in {done.files:,} files{more}",
                err=True,
            )
