"""Calibrates the constants with an organisation's own runs: a factor on every step time, and the spread of the runs."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from goldenpath.sizing.benchmark_results import read_runs
from goldenpath.sizing.step_time import StepTimes, constants

if TYPE_CHECKING:
    from goldenpath.models import Architecture
    from goldenpath.sizing.memory import Fit
    from goldenpath.sizing.step_time import Constants

__all__ = ["calibrate", "read_runs"]

_LEAST_SPREAD: Final = 0.05


def calibrate(runs: list[dict[str, float]], fit: Fit, model: Architecture) -> Constants:
    """Return constants for this model, device and engine, with the median factor and the spread of the runs."""
    shipped = constants(fit.settings.engine, fit.settings.version)
    times = StepTimes(fit, model, shipped)
    factors = sorted(
        run["itl_ms"]
        / 1e3
        / times.seconds(times.benchmark_terms(run["concurrency"], run["input"], run["output"]))
        for run in runs
    )
    factor = statistics.median(factors)
    # With n runs, the next run is outside their extremes in 2 of n + 1 cases. The spread is at least 5 %.
    spread = max(_LEAST_SPREAD, *(abs(each / factor - 1) for each in factors))
    return shipped.scaled(factor, max(0.05, 1 - spread), 1 + spread)
