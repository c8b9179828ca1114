"""Computes the time of an engine step from fitted constants and the terms of :mod:`goldenpath.sizing.work`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from goldenpath.engines import EngineVersion
from goldenpath.errors import DataError
from goldenpath.sizing.data_files import data_file
from goldenpath.sizing.work import TERMS, WorkModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.sizing.memory import Fit

__all__ = ["LOCKSTEP_SHARE", "Constants", "StepTimes", "constants"]

LOCKSTEP_SHARE: Final = {"sglang": 0.5}
"""Share of the other requests' prompts that delay a decoding request, in a benchmark that starts all requests at once."""

_RESOURCES: Final = {
    "memory bandwidth (weights)": ("weights_16", "weights_8", "weights_4", "experts"),
    "memory bandwidth (KV cache)": ("kv",),
    "compute (decode)": ("compute",),
    "compute (prefill)": ("prefill_compute", "prefill_attention", "prefill_tokens"),
    "link between devices": ("all_reduce", "all_reduce_start"),
    "fixed cost of the engine": (
        "layers",
        "moe_layers",
        "moe_layers_4bit",
        "state_layers",
        "latent_layers",
        "step",
        "sequences",
    ),
}


@dataclass(frozen=True, slots=True)
class Constants:
    """The fitted constants of one range of an engine's versions. ``versions`` are the measured ones.

    ``itl_low`` and ``itl_high`` are factors on a predicted inter-token latency. For models that were not used in the fit,
    the true value was between them in 8 of 10 rows. ``ttft_*`` are the same for the time to first token. ``shown_by``
    names the source of the interval.
    """

    engine: str
    values: tuple[float, ...]
    request_seconds: float
    itl_low: float
    itl_high: float
    ttft_low: float
    ttft_high: float
    versions: tuple[str, ...]
    devices: frozenset[str]
    max_concurrency: int
    max_input: int
    rows: int
    sources: tuple[str, ...]
    shown_by: str = "8 of 10 measured rows of models that were not used in the fit are inside"

    def scaled(self, factor: float, low: float, high: float) -> Constants:
        """Return the constants after a calibration, with a factor on every time and a new interval."""
        return replace(
            self,
            values=tuple(value * factor for value in self.values),
            itl_low=low,
            itl_high=high,
            sources=(*self.sources, "calibrated with own runs"),
            shown_by="the spread of the calibration runs, at least 5 %",
        )


@cache
def constants(engine: str, version: str | None = None) -> Constants:
    """Return the built-in constants of an engine's version, by default the newest; :raises DataError: for broken data."""
    try:
        document = data_file("step_time.yaml")
        entry = document["engines"][engine]
        chosen = _range(entry["ranges"], version)
        return Constants(
            engine=engine,
            values=tuple(float(chosen["constants"][term]) for term in TERMS),
            request_seconds=float(entry["request_seconds"]),
            itl_low=float(entry["itl"][0]),
            itl_high=float(entry["itl"][1]),
            ttft_low=float(entry["ttft"][0]),
            ttft_high=float(entry["ttft"][1]),
            versions=tuple(chosen["versions"]),
            devices=frozenset(entry["devices"]),
            max_concurrency=int(entry["max_concurrency"]),
            max_input=int(entry["max_input"]),
            rows=int(chosen["rows"]),
            sources=tuple(document["sources"]),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DataError(f"sizing/data/step_time.yaml: {engine}: cannot be read: {error}") from error


def _range(ranges: Sequence[dict[str, Any]], version: str | None) -> dict[str, Any]:
    """Return the range of a version: the last range that starts at the version or before it."""
    if version is None:
        return ranges[-1]
    wanted = EngineVersion.parse(version)
    return next(each for each in reversed(ranges) if EngineVersion.parse(each["from"]) <= wanted)


class StepTimes:
    """Seconds of the steps of one model on one group of devices."""

    def __init__(self, fit: Fit, model: Any, fitted: Constants) -> None:
        self.work = WorkModel(model, fit.device, fit.parallelism, fit.precision, fit.kv_precision)
        self.fitted = fitted
        self.cap = fit.settings.max_num_batched_tokens

    def seconds(self, terms: Sequence[float]) -> float:
        """Return the weighted sum of the terms."""
        return sum(value * term for value, term in zip(self.fitted.values, terms, strict=True))

    def decode(self, sequences: float, context: float) -> float:
        """Return the seconds of a step in which every sequence gets one token."""
        return self.seconds(self.work.decode(sequences, context))

    def prefill(self, tokens: float, before: float = 0.0) -> float:
        """Return the seconds that prompt tokens add to their step."""
        return self.seconds(self.work.prefill(tokens, before))

    def limiting(self, terms: Sequence[float]) -> str:
        """Return the resource with the largest part of the time."""
        weighted = dict(
            zip(TERMS, (v * t for v, t in zip(self.fitted.values, terms, strict=True)), strict=True)
        )
        return max(_RESOURCES, key=lambda name: sum(weighted[term] for term in _RESOURCES[name]))

    def steady_terms(self, concurrency: float, tokens_in: float, tokens_out: float) -> list[float]:
        """Return the terms of one inter-token interval with ``concurrency`` running requests and steady arrivals.

        Each other request brings one prompt in ``tokens_out`` steps, and chunked prefill delays the decoding requests.
        """
        return self._terms(concurrency, tokens_in, tokens_out, 1.0)

    def benchmark_terms(self, concurrency: float, tokens_in: float, tokens_out: float) -> list[float]:
        """Return the terms of one inter-token interval in a closed-loop benchmark, whose requests all start at once.

        SGLang computes every waiting prompt before it decodes. Answers of equal length then start and end together, and
        after its first token a request waits for half of the other requests' prompts.
        """
        return self._terms(concurrency, tokens_in, tokens_out, LOCKSTEP_SHARE.get(self.fitted.engine, 1.0))

    def _terms(self, concurrency: float, tokens_in: float, tokens_out: float, met: float) -> list[float]:
        decode = self.work.decode(concurrency, tokens_in + tokens_out / 2)
        prompt = self.work.prefill(tokens_in)
        share = met * max(0.0, concurrency - 1) / tokens_out
        return [one + share * other for one, other in zip(decode, prompt, strict=True)]
