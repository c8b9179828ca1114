"""The scaler of an inference service: its bounds, its triggers, and queries for the service alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from goldenpath.engines import MetricType, ReadingKind, Signal
from goldenpath.errors import InputError, Problem
from goldenpath.spec.types import duration_seconds

if TYPE_CHECKING:
    from goldenpath.engines import Engine, ScalingHint
    from goldenpath.sizing import Sizing
    from goldenpath.spec.inference_service import InferenceService

__all__ = ["WORKLOAD_LABEL", "Scaler", "ServiceMetrics", "Trigger", "scaler_of"]

WORKLOAD_LABEL: Final = "goldenpath_dev_workload"
"""The Pod label goldenpath.dev/workload in Prometheus. The PodMonitor of the service adds it to each series."""


_BREAKS: Final = {
    "max_num_seqs": "what the engine runs at once",
    "the KV cache is full": "the room in the KV cache",
    "the goal for itl": "the goal for the time between tokens",
    "the goal for ttft": "the goal for the time to the first token",
}
"""The limits of a replica, by their name in sizing."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One number that a scaler reads."""

    name: str
    query: str
    metric: str
    threshold: str
    unit: str
    why: str
    metric_type: str


@dataclass(frozen=True, slots=True)
class Scaler:
    """Bounds and triggers. Without triggers, the number of replicas is fixed.

    ``fallback`` is the number of replicas while the metrics are missing. ``problems`` are the reasons why a metric cannot
    be read; their paths are fields of the request.
    """

    fewest: int
    most: int
    triggers: tuple[Trigger, ...]
    fallback: int
    polling_seconds: int
    cooldown_seconds: int
    failures: int
    problems: tuple[Problem, ...] = ()

    @property
    def is_fixed(self) -> bool:
        return self.fewest == self.most


@dataclass(frozen=True)
class ServiceMetrics:
    """The metrics of one service: names in its engine's version, and PromQL for this service alone."""

    engine: Engine
    version: str
    namespace: str
    workload: str

    def name_of(self, reading: str) -> str | None:
        """Return the metric for a reading such as ``queue``; None if this version does not export it."""
        return self.engine.metric_of(ReadingKind(reading), self.version)

    @cached_property
    def selector(self) -> str:
        """The labels that select the series of the service, in PromQL."""
        return f'namespace="{self.namespace}",{WORKLOAD_LABEL}="{self.workload}"'

    def hint(self, signal: Signal, target: float | None = None, **goal: float) -> ScalingHint:
        """Return the scaling hint for a signal.

        Raises:
            InputError: this version exports no metric for the signal, or the target or goal is invalid.
        """
        return self.engine.hint(
            signal,
            version=self.version,
            namespace=self.namespace,
            target=target,
            matching={WORKLOAD_LABEL: self.workload},
            time_to_first_token=goal.get("time_to_first_token"),
            inter_token_latency=goal.get("inter_token_latency"),
        )


def scaler_of(
    spec: InferenceService, metrics: ServiceMetrics, sizing: Sizing | None, *, can_read: bool
) -> Scaler:
    """Return the scaler of a service.

    Args:
        spec: the request.
        metrics: the metrics of the engine.
        sizing: the result of sizing; None if unknown.
        can_read: whether the cluster collects metrics. Without them, the number of replicas is fixed.
    """
    _, pace = metrics.engine.facts
    problems: list[Problem] = []
    triggers = _triggers(spec, metrics, sizing, problems)
    most = spec.replicas.max
    fewest = min(most, max(spec.replicas.min, _replicas_for_peak(spec, sizing)))
    if not can_read or not triggers:
        fewest = most = max(1, fewest)
        triggers = ()
    needed = math.ceil(sizing.replicas.value) if sizing is not None else fewest
    return Scaler(
        fewest=fewest,
        most=most,
        triggers=triggers,
        fallback=min(most, max(needed, fewest, 1)),
        polling_seconds=pace.polling_seconds,
        cooldown_seconds=pace.cooldown_seconds,
        failures=pace.fallback_failures,
        problems=tuple(problems),
    )


def _replicas_for_peak(spec: InferenceService, sizing: Sizing | None) -> int:
    """Return the replicas that must be ready for the peak of the goal; 0 without a peak."""
    return sizing.fewest if sizing is not None and spec.goal is not None and spec.goal.peak is not None else 0


def _triggers(
    spec: InferenceService, metrics: ServiceMetrics, sizing: Sizing | None, problems: list[Problem]
) -> tuple[Trigger, ...]:
    target = spec.scaling.target
    signal = Signal(spec.scaling.signal) if spec.scaling.signal is not None else None
    try:
        if signal is None:
            return (
                (_load(metrics, sizing),) if sizing is not None else (_trigger(metrics.hint(Signal.QUEUE)),)
            )
        if signal is Signal.LATENCY:
            return tuple(_latencies(spec, metrics))
        if signal is Signal.CONCURRENCY and target is None and sizing is not None:
            return (_load(metrics, sizing),)
        return (_trigger(metrics.hint(signal, target)),)
    except InputError as error:
        problems += (
            Problem(f"scaling.{each.path}", each.rule, each.message, each.value, each.nearest)
            for each in error.problems
        )
        return ()


def _load(metrics: ServiceMetrics, sizing: Sizing) -> Trigger:
    """Return a trigger on running and waiting requests. Its threshold comes from sizing, which meets the goal there."""
    running = metrics.hint(Signal.CONCURRENCY, sizing.threshold)
    waiting = metrics.hint(Signal.QUEUE)
    return Trigger(
        name="load",
        query=f"{running.query} + {waiting.query}",
        metric=running.metric,
        threshold=str(sizing.threshold),
        unit="requests that run or wait, for each replica",
        why=(
            f"{_BREAKS.get(sizing.breaks, sizing.breaks)} ends at about {sizing.breaking_concurrency.value:.0f} "
            "requests of one replica, and another comes at four fifths of that"
        ),
        metric_type=MetricType.AVERAGE_VALUE.value,
    )


def _latencies(spec: InferenceService, metrics: ServiceMetrics) -> list[Trigger]:
    goal = spec.goal
    goals = {
        name: float(duration_seconds(text))
        for name in ("time_to_first_token", "inter_token_latency")
        if goal is not None and (text := getattr(goal, name)) is not None
    }
    if not goals:
        message = "signal latency needs time_to_first_token or inter_token_latency in `goal`"
        raise InputError([Problem("signal", "latency-goal-required", message)])
    return [
        _trigger(metrics.hint(Signal.LATENCY, None, **{name: seconds}), name)
        for name, seconds in goals.items()
    ]


def _trigger(hint: ScalingHint, name: str = "") -> Trigger:
    return Trigger(
        name=name.replace("_", "-") or hint.signal.value,
        query=hint.query,
        metric=hint.metric,
        threshold=hint.threshold,
        unit=hint.unit,
        why=hint.threshold_why,
        metric_type=hint.metric_type.value,
    )
