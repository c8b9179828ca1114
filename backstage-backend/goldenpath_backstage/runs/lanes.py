"""Bounded pools of threads: an overloaded service refuses work instead of collapsing."""

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
"""The weight of the newest run in the average duration."""


class Lane:
    """A pool of threads with a bounded queue.

    Args:
        name: the name in metrics and of the threads.
        threads: the number of runs at the same time.
        waiting: the number of further runs in the queue.
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
        return self._name

    @property
    def occupied(self) -> int:
        """The number of runs that are under way or queued."""
        return self._occupied

    def submit(self, work: Callable[[], None]) -> Future[None]:
        """Run something in a thread, after the runs that are queued.

        Raises:
            BusyError: the queue is full; the error holds the seconds after which a retry may succeed.
        """
        with self._lock:
            if self._occupied >= self._capacity:
                raise BusyError(
                    f"{self._occupied} runs are already under way or queued", self._retry_seconds()
                )
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

    def _retry_seconds(self) -> int:
        """Return the whole seconds after which half of the runs should be done, at the average duration."""
        seconds = self._usual_seconds * self._occupied / self._threads / 2
        return min(max(math.ceil(seconds), _SHORTEST_WAIT), _LONGEST_WAIT)

    def close(self) -> None:
        """Accept no more runs. Runs under way end; queued runs do not start."""
        self._pool.shutdown(wait=False, cancel_futures=True)
