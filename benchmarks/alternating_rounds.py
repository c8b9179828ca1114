"""Times pieces of work in alternating rounds, so that a machine that slows down slows all of them."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["medians", "timed"]


def timed(work: Callable[[], object]) -> float:
    """Return the milliseconds that a piece of work takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def medians(rounds: int, works: Mapping[str, Callable[[], Callable[[], object]]]) -> dict[str, float]:
    """Return the median milliseconds of each piece of work, after one round that does not count.

    The functions of ``works`` prepare a piece of work, untimed, and return it.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    for is_counted in [False] + [True] * rounds:
        for name, prepare in works.items():
            taken = timed(prepare())
            if is_counted:
                times[name].append(taken)
    return {name: statistics.median(values) for name, values in times.items()}
