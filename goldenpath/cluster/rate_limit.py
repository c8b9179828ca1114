"""Limits the rate of requests to an API server, and the wait when it is busy.

An API server defends itself by priority and fairness: it queues what is too much, and answers 429 with a
`Retry-After` once the queues are full. A client plays its part by never having more than a few requests on their
way, by having fewer when it is turned away, and by waiting as long as the server asks.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ConcurrencyGate", "RetryLimits"]


@dataclass(frozen=True, slots=True)
class RetryLimits:
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


class ConcurrencyGate:
    """Lets a few requests through at a time: fewer after each refusal, and one more after each round of successes.

    So a client settles at what the server has room for, as TCP does. To stop all of it for as long as a `Retry-After`
    says would cost a second for each refusal, since a server never says less: only the refused request waits so long.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._inside = 0
        self._round = 0
        self._changed = threading.Condition()

    @property
    def limit(self) -> int:
        """How many may be on their way now."""
        return int(self._limit)

    @contextmanager
    def place(self) -> Iterator[int]:
        """One of the places, as soon as there is one; gives the round, for :meth:`shrink`."""
        with self._changed:
            self._changed.wait_for(lambda: self._inside < self.limit)
            self._inside += 1
            number = self._round
        try:
            yield number
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def shrink(self, number: int) -> None:
        """A request of that round was refused: half as many from now on. Refusals of one round count once."""
        with self._changed:
            if number == self._round:
                self._limit = max(1.0, self._limit / 2)
                self._round += 1

    def grow(self) -> None:
        """A request was answered."""
        with self._changed:
            self._limit = min(float(self._most), self._limit + 1 / self._limit)
            self._changed.notify_all()
