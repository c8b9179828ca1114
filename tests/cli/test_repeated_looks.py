"""Commands that look again and again end at Ctrl-C, also where Python loses the exception."""

from __future__ import annotations

import os
import signal
import threading

import click
import pytest

from goldenpath.cli.repeated_looks import until_interrupted


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_that_a_finalizer_swallows_ends_it_after_the_look() -> None:
    class InterruptedInTheFinalizer:
        def __del__(self) -> None:
            interrupt()

    looks = until_interrupted(0)
    next(looks)
    InterruptedInTheFinalizer()

    with pytest.raises(click.Abort):
        next(looks)


def test_a_second_interrupt_ends_the_look() -> None:
    looks = until_interrupted(0)
    next(looks)
    interrupt()

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    looks.close()


def test_an_interrupt_between_two_looks_ends_the_wait() -> None:
    timer = threading.Timer(0.2, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        next(until_interrupted(600))
    timer.join()


def test_the_earlier_signal_handler_is_restored() -> None:
    before = signal.getsignal(signal.SIGINT)
    looks = until_interrupted(0)
    next(looks)
    assert signal.getsignal(signal.SIGINT) != before
    looks.close()

    assert signal.getsignal(signal.SIGINT) == before
