"""How fast an API server is asked, and how long somebody waits when it is busy.

An API server defends itself by priority and fairness: it queues what is too much, and answers 429 with a
`Retry-After` once the queues are full. A client plays its part by never having more than a few requests on their
way, and by waiting when it is told to: all of its threads, since the server counts them as one user.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Gate", "Patience"]


@dataclass(frozen=True, slots=True)
class Patience:
    """When to try again, and when to give up. Times are seconds."""

    attempts: int = 7
    first: float = 0.25
    longest: float = 10.0
    total: float = 60.0
    """Of all waiting for one request together."""

    def delay(self, attempt: int, spread: float, retry_after: float | None = None) -> float:
        """How long to wait after an attempt, the first being 0.

        Doubled each time up to the longest. Half of it is jitter, so that clients which were turned away together
        do not come back together; a server's own wish is a floor, and gets jitter on top.

        Args:
            attempt: how many there have been before.
            spread: a random number from 0 to 1.
            retry_after: what the server asked for.

        """
        doubled = min(self.longest, self.first * 2.0**attempt)
        if retry_after is None:
            return doubled * (1 + spread) / 2
        return retry_after + doubled * spread / 2


class Gate:
    """Lets a few requests through at a time, and none while the server asked to be left alone."""

    def __init__(self, in_flight: int) -> None:
        self._places = threading.BoundedSemaphore(in_flight)
        self._lock = threading.Lock()
        self._closed_until = 0.0

    @contextmanager
    def place(self) -> Iterator[None]:
        """One of the places, as soon as the gate is open and there is one."""
        with self._places:
            while (rest := self._closed_for()) > 0:
                time.sleep(rest)
            yield

    def close_for(self, seconds: float) -> None:
        """Nobody passes for a while."""
        with self._lock:
            self._closed_until = max(self._closed_until, time.monotonic() + seconds)

    def _closed_for(self) -> float:
        with self._lock:
            return self._closed_until - time.monotonic()
