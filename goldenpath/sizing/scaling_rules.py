"""How KEDA and the HorizontalPodAutoscaler decide, from a metric to a number of replicas."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

__all__ = ["PUBLISHED_RULES", "Autoscaler", "Rule", "Signal"]

SYNC_SECONDS: Final = 15.0
"""The HPA asks for metrics every 15 s (--horizontal-pod-autoscaler-sync-period)."""


class Signal(StrEnum):
    """What a rule measures, as the mean over the replicas that are ready."""

    RUNNING = "running"
    WAITING = "waiting"
    KV_USAGE = "kv-usage"
    UTILIZATION = "utilization"
    LOAD = "load"
    """Running and waiting requests together."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A target for a signal, a replica. Stabilisation is in seconds, as in ``behavior`` of an HPA."""

    name: str
    signal: Signal
    target: float
    minimum: int = 1
    maximum: int = 100
    tolerance: float = 0.1
    down_stabilization: float = 300.0
    up_stabilization: float = 0.0


PUBLISHED_RULES: Final = (
    ("queue 5", Signal.WAITING, 5.0),
    ("KV 0.8", Signal.KV_USAGE, 0.8),
    ("running 2", Signal.RUNNING, 2.0),
    ("HPA utilisation 0.8", Signal.UTILIZATION, 0.8),
)
"""Thresholds that guides publish: production-stack and GKE (queue), WVA (KV), KServe's sample (running)."""


@dataclass(slots=True)
class Autoscaler:
    """An HPA: ratio to the target, tolerance, and the window of recommendations that stabilises it.

    Within one sync it at most doubles the replicas or adds 4, whichever is more (the default scale-up policy).
    """

    rule: Rule
    recommendations: deque[tuple[float, int]] = field(default_factory=deque)

    def decide(self, now: float, replicas: int, ready: int, value: float | None) -> int:
        """The replicas wanted; ``value`` is the mean of the signal, None where the metric is missing."""
        rule = self.rule
        wanted = replicas
        if value is not None and ready:
            ratio = value / rule.target
            if abs(ratio - 1) > rule.tolerance:
                wanted = math.ceil(ratio * ready)
                # Replicas that start count as 0 when scaling up: they already answer part of the demand.
                wanted = max(wanted, replicas) if wanted > ready else wanted
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
        recent = [count for at, count in self.recommendations if at >= now - rule.up_stabilization]
        return max(replicas, min(recent))
