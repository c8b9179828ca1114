"""The latency goals of an inference service, and the queries that watch them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.engines import ReadingKind
from goldenpath.spec.types import duration_seconds
from goldenpath.telemetry import LatencyGoal

if TYPE_CHECKING:
    from decimal import Decimal

    from goldenpath.spec.inference_service import InferenceService
    from goldenpath.tenancy.service_scaling import ServiceMetrics

__all__ = ["latency_goals"]

_READINGS: Final = {
    "time_to_first_token": (ReadingKind.TIME_TO_FIRST_TOKEN, "time to the first token"),
    "inter_token_latency": (ReadingKind.INTER_TOKEN_LATENCY, "time between tokens"),
}
_TAIL: Final = 3
"""How much slower than the mean an answer may be. With exponential waiting times, 95 % are within it."""


def latency_goals(spec: InferenceService, metrics: ServiceMetrics) -> tuple[LatencyGoal, ...]:
    """Return the goals for which the version of the engine has a histogram."""
    found = []
    for name, (reading, words) in _READINGS.items():
        text = getattr(spec.goal, name) if spec.goal is not None else None
        metric = metrics.name_of(reading.value)
        if text is None or metric is None:
            continue
        seconds = duration_seconds(text)
        around = [
            bound
            for bound in metrics.engine.nearest_bucket(metric, seconds, metrics.version)
            if bound is not None
        ]
        nearest = min(around, key=lambda bound: abs(bound - seconds))
        found.append(
            LatencyGoal(
                name=name.replace("_", "-"),
                words=words,
                asked=text,
                seconds=str(float(seconds)),
                metric=metric,
                bound=str(float(nearest)),
                is_exact=nearest == seconds,
                tail_bound=_tail_bound(metric, seconds, metrics),
            )
        )
    return tuple(found)


def _tail_bound(metric: str, seconds: Decimal, metrics: ServiceMetrics) -> str | None:
    _, above = metrics.engine.nearest_bucket(metric, seconds * _TAIL, metrics.version)
    return None if above is None else str(float(above))
