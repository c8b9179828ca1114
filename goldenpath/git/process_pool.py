"""Keep idle processes for the next piece of work."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


class ProcessPool(Generic[_T]):
    """Idle processes, last in, first out. They end with the pool, at the latest when Python exits. Thread-safe.

    A forked process, such as a rendering worker, inherits the pipes of its parent's processes. In a fork the pool
    therefore gives out no process and ends none.

    Args:
        end: ends one process.
        kept: the number of idle processes to keep; the pool ends further ones.
    """

    def __init__(self, end: Callable[[_T], None], *, kept: int) -> None:
        self._end = end
        self._kept = kept
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._waiting: list[_T] = []
        weakref.finalize(self, _end_all, self._waiting, end, self._process)

    def take(self) -> _T | None:
        """An idle process, or None."""
        with self._lock:
            return self._waiting.pop() if self._waiting and self._process == os.getpid() else None

    def give_back(self, item: _T) -> None:
        """Keep a process for the next piece of work."""
        with self._lock:
            if len(self._waiting) < self._kept and self._process == os.getpid():
                self._waiting.append(item)
                return
        self._end(item)

    def end(self) -> None:
        """End all idle processes."""
        with self._lock:
            _end_all(self._waiting, self._end, self._process)


def _end_all(waiting: list[_T], end: Callable[[_T], None], process: int) -> None:
    while waiting and process == os.getpid():
        end(waiting.pop())
