"""Limits the number of concurrent requests to an API server, and the wait between retries.

An API server protects itself by priority and fairness: it queues excess requests, and answers 429 with `Retry-After`
once the queues are full. So the client has only a few requests in flight, has fewer after a refusal, and waits as long
as the server asks.
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
    """When to retry, and when to give up. Times are seconds."""

    attempts: int = 7
    first: float = 0.25
    longest: float = 10.0
    total: float = 60.0
    """The limit of all waits for one request together."""

    def delay(self, attempt: int, spread: float, retry_after: float | None = None) -> float:
        """Return the seconds to wait after an attempt.

        The wait doubles with each attempt, up to the longest. Half of it is jitter, so that clients that were refused
        together do not retry together. A server's `Retry-After` is the minimum, with jitter added.

        Args:
            attempt: the number of earlier attempts.
            spread: a random number from 0 to 1.
            retry_after: the seconds that the server asked for.
        """
        doubled = min(self.longest, self.first * 2.0**attempt)
        if retry_after is None:
            return doubled * (1 + spread) / 2
        return retry_after + doubled * spread / 2


class ConcurrencyGate:
    """Limits the requests in flight: fewer after each refusal, and one more after each round of successes.

    So the client adapts to the server's capacity, as TCP does. Only the refused request waits for `Retry-After`. A server
    never asks for less than a second, so a stop of all requests would cost a second for each refusal.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._inside = 0
        self._round = 0
        self._changed = threading.Condition()

    @property
    def limit(self) -> int:
        """The number of requests that may be in flight now."""
        return int(self._limit)

    @contextmanager
    def place(self) -> Iterator[int]:
        """Wait for a free place, and yield the round for :meth:`shrink`."""
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
        """Halve the limit after a refusal. Several refusals in one round count once."""
        with self._changed:
            if number == self._round:
                self._limit = max(1.0, self._limit / 2)
                self._round += 1

    def grow(self) -> None:
        """Raise the limit after an answer."""
        with self._changed:
            self._limit = min(float(self._most), self._limit + 1 / self._limit)
            self._changed.notify_all()
