"""The latency goals of an inference service, and the queries that watch them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath.engines import Reading
from goldenpath.spec.types import duration_seconds

if TYPE_CHECKING:
    from goldenpath.spec.inference_service import InferenceService
    from goldenpath.tenancy.service_scaling import ServiceMetrics

__all__ = ["LatencyGoal", "latency_goals"]

_READINGS: Final = {
    "time_to_first_token": (Reading.TIME_TO_FIRST_TOKEN, "time to the first token"),
    "inter_token_latency": (Reading.INTER_TOKEN_LATENCY, "time between tokens"),
}
_WINDOW: Final = "10m"


@dataclass(frozen=True, slots=True)
class LatencyGoal:
    """One goal: ``mean`` is PromQL for the mean in seconds, ``within`` for the share of answers inside ``bound``.

    ``bound`` is the bound of the engine's histogram nearest to the goal, in seconds as the label ``le`` says it.
    """

    name: str
    words: str
    asked: str
    seconds: str
    mean: str
    within: str
    bound: str
    is_exact: bool


def latency_goals(spec: InferenceService, metrics: ServiceMetrics) -> tuple[LatencyGoal, ...]:
    """The goals of a request that its engine's version has a histogram for."""
    found = []
    for name, (reading, words) in _READINGS.items():
        asked = getattr(spec.goal, name) if spec.goal is not None else None
        metric = metrics.name_of(reading.value)
        if asked is None or metric is None:
            continue
        seconds = duration_seconds(asked)
        around = [
            bound
            for bound in metrics.engine.nearest_bucket(metric, seconds, metrics.version)
            if bound is not None
        ]
        nearest = min(around, key=lambda bound: abs(bound - seconds))
        series = "{" + metrics.selector + "}"
        inside = "{" + f'{metrics.selector},le="{float(nearest)}"' + "}"
        found.append(
            LatencyGoal(
                name=name.replace("_", "-"),
                words=words,
                asked=asked,
                seconds=str(float(seconds)),
                mean=f"sum(rate({metric}_sum{series}[{_WINDOW}])) / sum(rate({metric}_count{series}[{_WINDOW}]))",
                within=f"sum(rate({metric}_bucket{inside}[{_WINDOW}])) / sum(rate({metric}_count{series}[{_WINDOW}]))",
                bound=str(float(nearest)),
                is_exact=nearest == seconds,
            )
        )
    return tuple(found)
