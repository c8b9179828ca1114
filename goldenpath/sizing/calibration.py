"""Constants from one's own runs: a factor on every step time, and the interval that these runs show."""

from __future__ import annotations

import csv
import io
import json
import math
import statistics
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import InputError, Problem
from goldenpath.kubeyaml import unique_keys
from goldenpath.sizing.step_time import StepTimes, constants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.models import Architecture
    from goldenpath.sizing.memory import Fit
    from goldenpath.sizing.step_time import Constants

__all__ = ["calibrate", "read_runs"]

_COLUMNS: Final = {
    "concurrency": ("concurrency", "max_concurrency", "streams", "Concurrency"),
    "input": ("input_tokens", "isl", "mean_input_tokens", "Input Sequence Length (tokens)"),
    "output": ("output_tokens", "osl", "mean_output_tokens", "Output Sequence Length (tokens)"),
    "itl_ms": (
        "itl_ms",
        "mean_itl_ms",
        "mean_tpot_ms",
        "tpot_ms",
        "Inter Token Latency (ms)",
        "inter_token_latency_ms",
    ),
}
_MOST_RUNS: Final = 10_000
_LEAST_SPREAD: Final = 0.05


def read_runs(text: str, *, name: str = "runs.csv") -> list[dict[str, float]]:
    """Runs from CSV (AIPerf, guidellm or own columns) or from the JSON of ``vllm bench serve``.

    Each needs the concurrency, mean input and output tokens, and the mean inter-token latency in ms.
    :raises InputError: naming the row and the column.
    """
    rows: list[Mapping[str, Any]]
    if text.lstrip().startswith(("{", "[")):
        try:
            document = json.loads(text, object_pairs_hook=unique_keys)
        except (ValueError, RecursionError) as error:
            raise InputError.of(
                "", "sizing-runs", f"is no JSON that can be read: {str(error)[:100]}", file=name
            ) from error
        rows = [
            _of_vllm_bench(row)
            for row in (document if isinstance(document, list) else [document])
            if isinstance(row, dict)
        ]
    else:
        rows = list(csv.DictReader(io.StringIO(text)))
    problems, runs = [], []
    for place, row in enumerate(rows[:_MOST_RUNS], start=1):
        run = {}
        for field, names in _COLUMNS.items():
            given = next((row[column] for column in names if row.get(column) not in (None, "")), None)
            try:
                run[field] = float(given) if given is not None else math.nan
            except (TypeError, ValueError):
                run[field] = math.nan
            if not 0 < run[field] < math.inf:
                message = f"needs a positive number in one of the columns {', '.join(names)}"
                problems.append(Problem(f"row {place}.{field}", "sizing-runs", message, given))
        runs.append(run)
    if not runs:
        problems.append(Problem("", "sizing-runs", "has no runs"))
    if problems:
        raise InputError(problem.in_file(name) for problem in problems[:10])
    return runs


def _of_vllm_bench(row: Mapping[str, Any]) -> dict[str, Any]:
    """``vllm bench serve --save-result`` gives totals; the means follow from the completed requests."""
    done = row.get("completed")
    extra = {}
    if isinstance(done, int) and done > 0:
        for total, mean in (("total_input_tokens", "input_tokens"), ("total_output_tokens", "output_tokens")):
            if isinstance(row.get(total), int):
                extra[mean] = row[total] / done
    return {**row, **extra}


def calibrate(runs: list[dict[str, float]], fit: Fit, model: Architecture) -> Constants:
    """Constants for this model, device and engine: the median factor of the runs, and their own spread."""
    shipped = constants(fit.settings.engine)
    times = StepTimes(fit, model, shipped)
    factors = sorted(
        run["itl_ms"]
        / 1e3
        / times.seconds(times.benchmark_terms(run["concurrency"], run["input"], run["output"]))
        for run in runs
    )
    factor = statistics.median(factors)
    # With n runs, the next one lies outside their extremes in 2 of n + 1 cases; the spread is never below 5 %.
    spread = max(_LEAST_SPREAD, *(abs(each / factor - 1) for each in factors))
    return shipped.scaled(factor, max(0.05, 1 - spread), 1 + spread)
