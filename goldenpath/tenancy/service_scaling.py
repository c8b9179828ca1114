"""What sets the number of replicas of an inference service, and the queries for its metrics alone."""

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
"""The Pod label goldenpath.dev/workload as Prometheus has it: the PodMonitor of the service asks for it."""


_BREAKS: Final = {
    "max_num_seqs": "what the engine runs at once",
    "the KV cache is full": "the room in the KV cache",
    "the goal for itl": "the goal for the time between tokens",
    "the goal for ttft": "the goal for the time to the first token",
}
"""What sizing says of the number of requests at which a replica does no more."""


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
    """Bounds, and what is read between them. Without triggers the number of replicas is fixed.

    ``fallback`` is the number of replicas while the numbers cannot be read. ``problems`` are what keeps a number from
    being read; their paths are fields of the request.
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
        """Whether there is one number of replicas only."""
        return self.fewest == self.most


@dataclass(frozen=True)
class ServiceMetrics:
    """The metrics of one service: names of its engine's version, and PromQL that reads this service alone."""

    engine: Engine
    version: str
    namespace: str
    workload: str

    def name_of(self, reading: str) -> str | None:
        """The metric for a reading such as ``queue``; None where this version exports none."""
        return self.engine.metric_of(ReadingKind(reading), self.version)

    @cached_property
    def selector(self) -> str:
        """Labels of every series of the service, in PromQL."""
        return f'namespace="{self.namespace}",{WORKLOAD_LABEL}="{self.workload}"'

    def hint(self, signal: Signal, target: float | None = None, **goal: float) -> ScalingHint:
        """What a scaler should read for a signal.

        Raises:
            InputError: this version exports nothing for it, or the target or goal is not one.
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
    """The scaler of a service.

    Args:
        spec: the request.
        metrics: what its engine exports.
        sizing: what it comes to by its goal; None where nothing is known.
        can_read: whether the cluster collects metrics; without them the number of replicas is fixed.
    """
    _, pace = metrics.engine.facts
    problems: list[Problem] = []
    triggers = _triggers(spec, metrics, sizing, problems)
    most = spec.replicas.max
    fewest = min(most, max(spec.replicas.min, _ready_for_the_peak(spec, sizing)))
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


def _ready_for_the_peak(spec: InferenceService, sizing: Sizing | None) -> int:
    """Replicas that a stated peak finds ready; none where the goal states none."""
    return sizing.fewest if sizing is not None and spec.goal is not None and spec.goal.peak is not None else 0


def _triggers(
    spec: InferenceService, metrics: ServiceMetrics, sizing: Sizing | None, problems: list[Problem]
) -> tuple[Trigger, ...]:
    target = spec.scaling.target
    asked = Signal(spec.scaling.signal) if spec.scaling.signal is not None else None
    try:
        if asked is None:
            return (_load(metrics, sizing),) if sizing is not None else (_of(metrics.hint(Signal.QUEUE)),)
        if asked is Signal.LATENCY:
            return tuple(_latencies(spec, metrics))
        if asked is Signal.CONCURRENCY and target is None and sizing is not None:
            return (_load(metrics, sizing),)
        return (_of(metrics.hint(asked, target)),)
    except InputError as error:
        problems += (
            Problem(f"scaling.{each.path}", each.rule, each.message, each.value, each.nearest)
            for each in error.problems
        )
        return ()


def _load(metrics: ServiceMetrics, sizing: Sizing) -> Trigger:
    """Requests that run and that wait: the number at which a replica still meets the goal is what sizing yields."""
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
        _of(metrics.hint(Signal.LATENCY, None, **{name: seconds}), name) for name, seconds in goals.items()
    ]


def _of(hint: ScalingHint, name: str = "") -> Trigger:
    return Trigger(
        name=name.replace("_", "-") or hint.signal.value,
        query=hint.query,
        metric=hint.metric,
        threshold=hint.threshold,
        unit=hint.unit,
        why=hint.threshold_why,
        metric_type=hint.metric_type.value,
    )
