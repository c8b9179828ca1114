"""Processes that stay and wait for the next piece of work."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


class ProcessPool(Generic[_T]):
    """What waits, the last to come the first to go; all of it ends with its owner, and no later than Python does.

    Safe for many threads. A forked process (a worker that renders, say) inherits the pipes of its parent's
    processes: there, nothing waits, and nothing is ended.

    Args:
        end: ends one of them.
        kept: how many may wait; more are ended.

    """

    def __init__(self, end: Callable[[_T], None], *, kept: int) -> None:
        self._end = end
        self._kept = kept
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._waiting: list[_T] = []
        weakref.finalize(self, _end_all, self._waiting, end, self._process)

    def take(self) -> _T | None:
        """One that waits, if any."""
        with self._lock:
            return self._waiting.pop() if self._waiting and self._process == os.getpid() else None

    def give_back(self, item: _T) -> None:
        """Let one wait for the next piece of work."""
        with self._lock:
            if len(self._waiting) < self._kept and self._process == os.getpid():
                self._waiting.append(item)
                return
        self._end(item)

    def end(self) -> None:
        """End all that wait."""
        with self._lock:
            _end_all(self._waiting, self._end, self._process)


def _end_all(waiting: list[_T], end: Callable[[_T], None], process: int) -> None:
    while waiting and process == os.getpid():
        end(waiting.pop())
