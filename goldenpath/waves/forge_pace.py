"""Limits the rate of pull requests: GitHub refuses more than about 80 content-creating requests a minute, or 500 an hour.

Source: github/docs, data/reusables/rest-api/secondary-rate-limit-rest-graphql.md, read in November 2026.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["ForgePace"]

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_CALLS_EACH: Final = 3
"""A pull request takes three requests: itself, its labels, and the request for reviews."""


class ForgePace:
    """Decides when the next pull request may be opened.

    Args:
        per_minute: requests allowed in a minute; beyond that, :meth:`take` waits.
        per_hour: requests allowed in an hour; beyond that, :meth:`take` returns False, and a later run continues.
        clock: a monotonic clock, in seconds.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        per_minute: int = 80,
        per_hour: int = 500,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_minute = per_minute
        self._per_hour = per_hour
        self._clock = clock
        self._sleep = sleep
        self._made: deque[float] = deque()

    def remember(self, ages: Iterable[float]) -> None:
        """Count pull requests of earlier runs, by their ages in seconds."""
        now = self._clock()
        made = (now - age for age in ages if 0 <= age < _HOUR)
        self._made = deque(sorted([*self._made, *(when for when in made for _ in range(_CALLS_EACH))]))

    def take(self) -> bool:
        """Wait until a pull request may be opened; return False if the limit of the hour is reached."""
        now = self._clock()
        while self._made and now - self._made[0] >= _HOUR:
            self._made.popleft()
        if len(self._made) + _CALLS_EACH > self._per_hour:
            return False
        recent = [when for when in self._made if now - when < _MINUTE]
        excess = len(recent) + _CALLS_EACH - self._per_minute
        if excess > 0:
            self._sleep(_MINUTE - (now - recent[excess - 1]))
        self._made.extend([self._clock()] * _CALLS_EACH)
        return True
