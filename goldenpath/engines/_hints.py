"""A scaling hint: all that a scaler, or a person who writes one, has to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goldenpath.engines._facts import MetricType, ReadingKind, Signal

__all__ = ["ScalingHint"]


@dataclass(frozen=True, slots=True)
class ScalingHint:
    """How to scale one workload on one signal; the words come from a KEDA Prometheus trigger.

    ``activation_threshold`` is the value above which the scaler is active. ``min_replicas`` is the least that
    works: the engine itself exports the signal, so nothing is left to wake it at zero. ``bucket`` is the
    ``le`` label of a latency goal, for alerts that count requests inside it. ``ignore_null_values`` and
    ``fallback_failures`` keep a lost target from reading as no load; ``fallback_needs`` is empty or names what
    a fallback needs. ``scrape_needs`` is empty or says what switches the metrics on.
    """

    signal: Signal
    reading: ReadingKind
    engine: str
    version: str
    metric: str
    query: str
    metric_type: MetricType
    metric_type_why: str
    threshold: str
    threshold_why: str
    threshold_source: str
    unit: str
    window: str | None
    bucket: str | None
    activation_threshold: str
    min_replicas: int
    polling_seconds: int
    polling_source: str
    cooldown_seconds: int
    cooldown_source: str
    ignore_null_values: str
    ignore_null_values_why: str
    ignore_null_values_source: str
    fallback_failures: int
    fallback_source: str
    fallback_needs: str
    scrape_path: str
    scrape_needs: str
    metric_source: str
    selector: str = ""
    """The labels that ``query`` selects the metric by, in braces: an alert about the same Pods has them too."""
