"""Repeats a look at clusters until Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["until_interrupted"]

_ENDS_SOON = b"\nThe current look ends first. Press Ctrl-C again to stop at once.\n"


def until_interrupted(interval: float) -> Iterator[None]:
    """Wait ``interval`` seconds, yield for one look, and repeat.

    After a first Ctrl-C, the current look ends normally, because an interrupt at any instruction can be lost in a finalizer,
    or leave a lock held that another thread waits for. A second Ctrl-C, or one between two looks, stops at once.

    Raises:
        click.Abort: the person pressed Ctrl-C.
    """
    waiting = asked = False

    def on_interrupt(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if waiting or asked:
            raise KeyboardInterrupt
        asked = True
        if sys.stderr.isatty():
            # sys.stderr may be in use by the interrupted code.
            os.write(sys.stderr.fileno(), _ENDS_SOON)

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        while True:
            waiting = True
            if asked:
                raise click.Abort
            time.sleep(interval)
            waiting = False
            yield
    finally:
        signal.signal(signal.SIGINT, before)
