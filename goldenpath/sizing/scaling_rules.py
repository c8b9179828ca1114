"""The decisions of KEDA and the HorizontalPodAutoscaler, from a metric to a number of replicas."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

__all__ = ["PUBLISHED_RULES", "SYNC_SECONDS", "Autoscaler", "ReplicaSignal", "Rule"]

SYNC_SECONDS: Final = 15.0
"""The HPA asks for metrics every 15 s (--horizontal-pod-autoscaler-sync-period)."""


class ReplicaSignal(StrEnum):
    """What a rule measures on the replicas that are ready."""

    RUNNING = "running"
    WAITING = "waiting"
    LOAD = "load"
    """Running and waiting requests together."""
    KV_USAGE = "kv-usage"
    UTILIZATION = "utilization"
    """Share of the time in which a replica computes, as a device's utilisation reports it."""

    @property
    def is_mean(self) -> bool:
        """Whether the metric is a mean over replicas (``Value``), rather than a sum (``AverageValue``)."""
        return self in (ReplicaSignal.KV_USAGE, ReplicaSignal.UTILIZATION)


@dataclass(frozen=True, slots=True)
class Rule:
    """A target for a signal, for each replica. Stabilisation is in seconds, as in ``behavior`` of an HPA.

    ``fallback`` is KEDA's: replicas after ``failures`` syncs without the metric; None keeps what there is.
    """

    name: str
    signal: ReplicaSignal
    target: float
    minimum: int = 1
    maximum: int = 100
    tolerance: float = 0.1
    down_stabilization: float = 300.0
    up_stabilization: float = 0.0
    fallback: int | None = None
    failures: int = 3


PUBLISHED_RULES: Final = (
    ("queue 5", ReplicaSignal.WAITING, 5.0),
    ("KV 0.8", ReplicaSignal.KV_USAGE, 0.8),
    ("running 2", ReplicaSignal.RUNNING, 2.0),
    ("HPA utilisation 0.8", ReplicaSignal.UTILIZATION, 0.8),
)
"""Thresholds that guides publish: production-stack and GKE (queue), WVA (KV), KServe's sample (running)."""


@dataclass(slots=True)
class Autoscaler:
    """An HPA, and KEDA's metrics server before it.

    A sum is an external metric of type ``AverageValue``: its total divided by the target, whatever is ready. A mean is
    of type ``Value``: its ratio to the target times the replicas that are ready. Within the tolerance nothing
    happens. The window of recommendations stabilises; a sync at most doubles the replicas or adds 4, whichever is
    more (the default scale-up policy).
    """

    rule: Rule
    recommendations: deque[tuple[float, int]] = field(default_factory=deque)
    missing: int = 0

    def decide(self, now: float, replicas: int, ready: int, value: float | None) -> int:
        """The replicas wanted.

        ``value`` is the signal: a sum or a mean over the ``ready`` replicas, None where the metric is missing.
        """
        rule = self.rule
        if not self.recommendations:
            # What is there when it begins counts as a recommendation (horizontal.go, recordInitialRecommendation).
            self.recommendations.append((now, replicas))
        self.missing = 0 if value is not None else self.missing + 1
        wanted = replicas
        if value is not None:
            wanted = self._proposed(replicas, ready, value)
        elif rule.fallback is not None and self.missing >= rule.failures:
            # KEDA reports `fallback x target`, which is what these replicas would measure.
            wanted = rule.fallback
        if wanted > replicas:
            wanted = min(wanted, max(2 * replicas, replicas + 4))
        wanted = min(rule.maximum, max(rule.minimum, wanted))
        self.recommendations.append((now, wanted))
        longest = max(rule.down_stabilization, rule.up_stabilization)
        while self.recommendations and self.recommendations[0][0] < now - longest:
            self.recommendations.popleft()
        if wanted < replicas:
            recent = [count for at, count in self.recommendations if at >= now - rule.down_stabilization]
            return min(replicas, max(recent))
        recent = [count for at, count in self.recommendations if at > now - rule.up_stabilization]
        return max(replicas, min([wanted, *recent]))

    def _proposed(self, replicas: int, ready: int, value: float) -> int:
        rule = self.rule
        counted = ready if rule.signal.is_mean else replicas
        ratio = value / rule.target if rule.signal.is_mean else value / (rule.target * replicas)
        if not counted or abs(ratio - 1) <= rule.tolerance:
            return replicas
        proposed = math.ceil(ratio * counted - 1e-9)
        # Replicas that start count as 0 when a mean scales up: they already answer part of the demand.
        return max(proposed, replicas) if rule.signal.is_mean and proposed > ready else proposed
