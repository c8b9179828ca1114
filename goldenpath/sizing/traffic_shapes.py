"""Generates arrivals from a named shape and a seed, or reads them from a trace."""

from __future__ import annotations

import csv
import io
import math
import random
from typing import TYPE_CHECKING, Final

from goldenpath.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SHAPES", "arrivals", "read_trace"]

SHAPES: Final = ("poisson", "daily", "burst", "ramp")
_MOST_ARRIVALS: Final = 5_000_000


def rate_at(shape: str, mean: float, at: float, duration: float) -> float:
    """Return the requests a second at a time. The mean over the duration is ``mean`` for every shape except burst."""
    if shape == "daily":
        return mean * (1 - 0.8 * math.cos(2 * math.pi * at / duration))
    if shape == "ramp":
        return 2 * mean * at / duration
    if shape == "burst":
        return mean * (4.0 if 0.4 <= at / duration < 0.5 else 1.0)  # noqa: PLR2004 - a tenth of the time at four times the rate
    return mean


def arrivals(  # noqa: PLR0917 - a shape and its numbers
    shape: str, mean: float, tokens_in: int, tokens_out: int, duration: float, seed: int
) -> Iterator[tuple[float, int, int]]:
    """Yield times, prompt lengths and output lengths. Lengths are exponential, at most 8 times the mean.

    :raises InputError: for an unknown shape.
    """
    if shape not in SHAPES:
        message = f"must be one of {', '.join(SHAPES)}, or a CSV file"
        raise InputError([Problem("traffic", "sizing-traffic", message, shape)])
    chance = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    peak = max(rate_at(shape, mean, duration * part / 200, duration) for part in range(201))
    at = 0.0
    while True:
        at += chance.expovariate(peak)
        if at >= duration:
            return
        if chance.random() * peak <= rate_at(shape, mean, at, duration):
            lengths = (
                min(8 * each, max(1, round(chance.expovariate(1 / each)))) for each in (tokens_in, tokens_out)
            )
            yield at, *lengths  # type: ignore[misc]


def read_trace(text: str, *, name: str) -> list[tuple[float, int, int]]:
    """Read a CSV file with the columns seconds, input_tokens and output_tokens; :raises InputError: with the row."""
    problems: list[Problem] = []
    found: list[tuple[float, int, int]] = []
    for place, row in enumerate(csv.DictReader(io.StringIO(text)), start=1):
        try:
            one = (float(row["seconds"]), int(row["input_tokens"]), int(row["output_tokens"]))
        except (KeyError, TypeError, ValueError):
            one = (-1.0, 0, 0)
        if not (0 <= one[0] < math.inf and 1 <= one[1] <= 10**7 and 1 <= one[2] <= 10**7):
            message = "must have seconds, input_tokens and output_tokens, with at least 1 token each"
            problems.append(Problem(f"row {place}", "sizing-trace", message))
            if len(problems) >= 10:  # noqa: PLR2004 - enough to see the pattern
                break
        found.append(one)
        if len(found) > _MOST_ARRIVALS:
            problems.append(Problem("", "sizing-trace", f"has more than {_MOST_ARRIVALS} rows"))
            break
    if not found:
        problems.append(Problem("", "sizing-trace", "has no rows"))
    if problems:
        raise InputError(problem.in_file(name) for problem in problems)
    return sorted(found)
