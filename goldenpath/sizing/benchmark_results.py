"""Reads the results of load generators: AIPerf, guidellm, ``vllm bench serve`` and its printed report, or a CSV file."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import InputError, Problem
from goldenpath.kubeyaml import unique_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["read_runs"]

_COLUMNS: Final = {
    "concurrency": ("concurrency", "max_concurrency", "streams", "Concurrency"),
    "input": ("input_tokens", "isl", "mean_input_tokens", "Input Sequence Length (tokens)"),
    "output": ("output_tokens", "osl", "mean_output_tokens", "Output Sequence Length (tokens)"),
    "itl_ms": (
        "mean_tpot_ms",
        "tpot_ms",
        "itl_ms",
        "mean_itl_ms",
        "Inter Token Latency (ms)",
        "inter_token_latency_ms",
    ),
}
_MOST_RUNS: Final = 10_000
_MOST_PROBLEMS: Final = 10
_CLOSED_LOOP: Final = ("concurrent", "synchronous")
"""Strategies of guidellm that keep a number of requests running. The others send at a rate."""
_PRINTED_TITLE: Final = "Serving Benchmark Result"
_PRINTED_LINE: Final = re.compile(
    r"^\W*(?P<name>[A-Z][^:]{2,40}):\s+(?P<value>[0-9][0-9.]*)\s*$", re.MULTILINE
)
_MILLISECONDS: Final = {"ms": 1.0, "s": 1e3, "sec": 1e3, "us": 1e-3, "ns": 1e-6}


def read_runs(text: str, *, name: str = "runs.csv") -> list[dict[str, float]]:
    """Return runs with their concurrency, mean input and output tokens, and mean inter-token latency in ms.

    Reads ``vllm bench serve --save-result``, the printed report of this command and of SGLang's ``bench_serving``,
    AIPerf's ``profile_export_aiperf.json``, guidellm's ``benchmarks.json``, and CSV or JSON with columns of these names.

    Raises:
        InputError: with the run and the field. A run at a request rate is refused, because it does not state how many
            requests ran at once.
    """
    problems: list[Problem] = []
    runs: list[dict[str, float]] = []
    for place, row in enumerate(_rows(text, name), start=1):
        if place > _MOST_RUNS or len(problems) >= _MOST_PROBLEMS:
            break
        if row.get("concurrency") is None and row.get("max_concurrency", 0) is None:
            message = (
                "is a run at a request rate; run the benchmark at a fixed concurrency, with --max-concurrency"
            )
            problems.append(Problem(f"row {place}.concurrency", "sizing-runs", message))
            continue
        run = {}
        for field, names in _COLUMNS.items():
            given = next((row[column] for column in names if row.get(column) not in (None, "")), None)
            run[field] = _number(given)
            if not 0 < run[field] < math.inf:
                message = f"needs a positive number in one of the columns {', '.join(names)}"
                problems.append(Problem(f"row {place}.{field}", "sizing-runs", message, given))
        runs.append(run)
    if not runs and not problems:
        problems.append(Problem("", "sizing-runs", "has no runs"))
    if problems:
        raise InputError(problem.in_file(name) for problem in problems[:_MOST_PROBLEMS])
    return runs


def _number(given: Any) -> float:
    try:
        return float(given) if not isinstance(given, bool) and given is not None else math.nan
    except (TypeError, ValueError):
        return math.nan


def _rows(text: str, name: str) -> Iterator[Mapping[str, Any]]:
    if _PRINTED_TITLE in text:
        yield from map(_printed_row, text.split(_PRINTED_TITLE)[1:])
        return
    if not text.lstrip().startswith(("{", "[")):
        yield from csv.DictReader(io.StringIO(text))
        return
    try:
        document = json.loads(text, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        message = f"is not readable JSON: {str(error)[:100]}"
        raise InputError.of("", "sizing-runs", message, file=name) from error
    for one in document if isinstance(document, list) else [document]:
        if not isinstance(one, dict):
            continue
        if isinstance(one.get("benchmarks"), list):
            yield from (_guidellm_row(each) for each in one["benchmarks"] if isinstance(each, dict))
        elif isinstance(one.get("inter_token_latency"), dict):
            yield _aiperf_row(one)
        else:
            yield _vllm_row(one)


def _vllm_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Read a result of ``vllm bench serve --save-result``, which has totals of the completed requests."""
    done = row.get("completed")
    extra: dict[str, Any] = {}
    rate = row.get("request_rate")
    if isinstance(rate, int | float) and math.isfinite(rate):  # an unlimited rate is the text "inf"
        extra = {"concurrency": None, "max_concurrency": None}
    if isinstance(done, int) and done > 0:
        for total, mean in (("total_input_tokens", "input_tokens"), ("total_output_tokens", "output_tokens")):
            if isinstance(row.get(total), int):
                extra[mean] = row[total] / done
    return {**row, **extra}


def _printed_row(report: str) -> dict[str, Any]:
    """Read a printed report of ``vllm bench serve``, which has totals, and the mean time for each token."""
    values = {match["name"].strip().lower(): match["value"] for match in _PRINTED_LINE.finditer(report)}
    done = _number(values.get("successful requests"))
    totals = {
        "input_tokens": _number(values.get("total input tokens")),
        "output_tokens": _number(values.get("total generated tokens")),
    }
    return {
        # vLLM prints "Maximum request concurrency", SGLang "Max request concurrency"; neither prints one at a request rate.
        "max_concurrency": values.get("maximum request concurrency") or values.get("max request concurrency"),
        "mean_tpot_ms": values.get("mean tpot (ms)"),
        **{name: total / done for name, total in totals.items() if done > 0},
    }


def _aiperf_row(document: Mapping[str, Any]) -> dict[str, Any]:
    """Read an export of AIPerf, which has unit and average for each metric, and the input configuration."""
    latency = document["inter_token_latency"]
    scale = _MILLISECONDS.get(str(latency.get("unit", "ms")), math.nan)
    return {
        "concurrency": _aiperf_concurrency(document.get("input_config")),
        "max_concurrency": None,
        "input_tokens": _at(document, "input_sequence_length", "avg"),
        "output_tokens": _at(document, "output_sequence_length", "avg"),
        "itl_ms": _number(latency.get("avg")) * scale,
    }


def _aiperf_concurrency(config: Any) -> Any:
    """Return the concurrency of the measured phase (aiperf@0.13.0, plot/core/data_loader.py), or of the older `loadgen`.

    The concurrency of a phase at a rate is only a limit, and does not count.
    """
    phases = [each for each in _at(config, "phases") or () if isinstance(each, dict)]
    if not phases:
        is_at_rate = _at(config, "loadgen", "request_rate") is not None
        return None if is_at_rate else _at(config, "loadgen", "concurrency")
    measured = next((each for each in phases if each.get("name") == "profiling"), phases[0])
    return measured.get("concurrency", 1) if measured.get("type") == "concurrency" else None


def _guidellm_row(benchmark: Mapping[str, Any]) -> dict[str, Any]:
    """Read one benchmark of a guidellm report, with means over the successful requests."""
    strategy = _at(benchmark, "config", "strategy") or _at(benchmark, "args", "strategy") or {}
    kind = strategy.get("type_") if isinstance(strategy, dict) else None
    streams = None
    if kind in _CLOSED_LOOP:
        streams = strategy.get("streams") or strategy.get("max_concurrency") or 1
    return {
        "concurrency": streams,
        "max_concurrency": None,
        "input_tokens": _mean(benchmark, "prompt_token_count"),
        "output_tokens": _mean(benchmark, "output_token_count"),
        "itl_ms": _mean(benchmark, "inter_token_latency_ms"),
    }


def _mean(benchmark: Mapping[str, Any], metric: str) -> float | None:
    """Return the mean of the successful requests, from the report or from their sum and count."""
    found = _at(benchmark, "metrics", metric, "successful") or {}
    mean, total, count = (_number(_at(found, key)) for key in ("mean", "total_sum", "count"))
    if math.isnan(mean) and count > 0:
        mean = total / count
    return None if math.isnan(mean) else mean


def _at(document: Any, *path: str) -> Any:
    """Return the value at a path of keys; None where the path does not exist."""
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document
