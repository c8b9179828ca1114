"""Computes the number of replicas from a metric, as KEDA and the HorizontalPodAutoscaler do."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

__all__ = ["PUBLISHED_RULES", "SYNC_SECONDS", "Autoscaler", "ReplicaSignal", "Rule"]

SYNC_SECONDS: Final = 15.0
"""The HPA reads metrics every 15 s (--horizontal-pod-autoscaler-sync-period)."""


class ReplicaSignal(StrEnum):
    """The metric of a rule, measured on the ready replicas."""

    RUNNING = "running"
    WAITING = "waiting"
    LOAD = "load"
    """Running and waiting requests together."""
    KV_USAGE = "kv-usage"
    UTILIZATION = "utilization"
    """Share of the time in which a replica computes, like the utilisation of a device."""

    @property
    def is_mean(self) -> bool:
        """Whether the metric is a mean over replicas (``Value``), rather than a sum (``AverageValue``)."""
        return self in (ReplicaSignal.KV_USAGE, ReplicaSignal.UTILIZATION)


@dataclass(frozen=True, slots=True)
class Rule:
    """The target of a signal for each replica. Stabilisation is in seconds, as in ``behavior`` of an HPA.

    ``fallback`` is KEDA's number of replicas after ``failures`` syncs without the metric; None keeps the current number.
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
"""Thresholds from published guides: production-stack and GKE (queue), WVA (KV), KServe's sample (running)."""


@dataclass(slots=True)
class Autoscaler:
    """An HPA with KEDA's metrics server.

    A sum is an external metric of type ``AverageValue``: the total divided by the target, independent of ready replicas. A
    mean is of type ``Value``: its ratio to the target, times the ready replicas. Within the tolerance, the number stays.
    The window of recommendations stabilises the result. One sync at most doubles the replicas or adds 4, whichever is
    more (the default scale-up policy).
    """

    rule: Rule
    recommendations: deque[tuple[float, int]] = field(default_factory=deque)
    missing: int = 0

    def decide(self, now: float, replicas: int, ready: int, value: float | None) -> int:
        """Return the wanted number of replicas.

        ``value`` is the signal, a sum or a mean over the ``ready`` replicas; None where the metric is missing.
        """
        rule = self.rule
        if not self.recommendations:
            # The initial number counts as a recommendation (horizontal.go, recordInitialRecommendation).
            self.recommendations.append((now, replicas))
        self.missing = 0 if value is not None else self.missing + 1
        wanted = replicas
        if value is not None:
            wanted = self._proposed(replicas, ready, value)
        elif rule.fallback is not None and self.missing >= rule.failures:
            # KEDA reports `fallback x target`, from which the HPA computes this number of replicas.
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
        # When a mean scales up, starting replicas count as 0, because they will serve a part of the demand.
        return max(proposed, replicas) if rule.signal.is_mean and proposed > ready else proposed
