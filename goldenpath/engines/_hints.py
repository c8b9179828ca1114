"""Scaling hints, with all facts that a scaler needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goldenpath.engines._facts import MetricType, ReadingKind, Signal

__all__ = ["ScalingHint"]


@dataclass(frozen=True, slots=True)
class ScalingHint:
    """How to scale one workload on one signal. The field names are those of a KEDA Prometheus trigger.

    Above ``activation_threshold``, the scaler is active. ``min_replicas`` is 1, because the engine itself exports the
    signal, and exports nothing at zero replicas. ``bucket`` is the ``le`` label of a latency goal, for alerts that count
    requests within it. With ``ignore_null_values`` and ``fallback_failures``, a lost target does not read as no load.
    ``fallback_needs`` names a condition of the fallback, or is empty. ``scrape_needs`` names the setting that turns the
    metrics on, or is empty. ``selector`` has the labels of ``query`` in braces, for alerts about the same Pods.
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
