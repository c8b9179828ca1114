"""Bounded threads: an overloaded service refuses work instead of collapsing."""

from __future__ import annotations

import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from goldenpath_backstage.backend_errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

__all__ = ["Lane"]

_SHORTEST_WAIT: Final = 1
_LONGEST_WAIT: Final = 60
_WEIGHT: Final = 0.1
"""How much the newest run weighs in what is taken for a usual one."""


class Lane:
    """A pool of threads, and a bounded queue.

    Args:
        name: for metrics and the threads.
        threads: how many run at the same time.
        waiting: how many more may wait for their turn.
    """

    def __init__(self, name: str, *, threads: int, waiting: int) -> None:
        self._name = name
        self._threads = threads
        self._capacity = threads + waiting
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"goldenpath-{name}")
        self._lock = threading.Lock()
        self._occupied = 0
        self._usual_seconds = 0.0

    @property
    def name(self) -> str:
        """What it is called."""
        return self._name

    @property
    def occupied(self) -> int:
        """How many are at work or wait."""
        return self._occupied

    def submit(self, work: Callable[[], None]) -> Future[None]:
        """Run something in a thread, as soon as it is its turn.

        Raises:
            BusyError: too many wait already; it says after how long another try may do.
        """
        with self._lock:
            if self._occupied >= self._capacity:
                raise BusyError(f"{self._occupied} runs are under way or wait already", self._wait())
            self._occupied += 1
        return self._pool.submit(self._timed, work)

    def _timed(self, work: Callable[[], None]) -> None:
        started = time.monotonic()
        try:
            work()
        finally:
            took = time.monotonic() - started
            with self._lock:
                self._occupied -= 1
                self._usual_seconds += _WEIGHT * (took - self._usual_seconds)

    def _wait(self) -> int:
        """Whole seconds after which half of what is here will be done, as runs usually take."""
        seconds = self._usual_seconds * self._occupied / self._threads / 2
        return min(max(math.ceil(seconds), _SHORTEST_WAIT), _LONGEST_WAIT)

    def close(self) -> None:
        """Take nothing more; what is at work comes to its end, and what waits does not begin."""
        self._pool.shutdown(wait=False, cancel_futures=True)
