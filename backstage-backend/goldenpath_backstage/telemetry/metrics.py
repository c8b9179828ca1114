"""Metrics for Prometheus: the number of requests and runs, their duration, and refusals.

Labels have few values, all from this code: route patterns, actions, outcomes. They never name a tenant or a person.
"""

from __future__ import annotations

from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

__all__ = ["METRICS_TYPE", "Metrics"]

METRICS_TYPE: Final = CONTENT_TYPE_LATEST

_FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class LaneGauge(Protocol):
    """A lane with a number of runs."""

    @property
    def name(self) -> str: ...

    @property
    def occupied(self) -> int: ...


class Metrics:
    """The metrics of one app, in a registry of its own, so that two apps in one process do not share metrics."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "goldenpath_http_requests",
            "Requests answered, by method, route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "goldenpath_http_request_seconds",
            "Time from a request's head to the last byte of its answer.",
            ("route",),
            buckets=_FAST,
            registry=self.registry,
        )
        self.in_progress = Gauge(
            "goldenpath_http_requests_in_progress", "Requests being answered.", registry=self.registry
        )
        self.runs = Counter(
            "goldenpath_runs",
            "Runs that ended, by action and outcome: done, at hand, replayed, refused, failed or cancelled.",
            ("action", "outcome"),
            registry=self.registry,
        )
        self.run_seconds = Histogram(
            "goldenpath_run_seconds",
            "Time of a run in its thread, by action.",
            ("action",),
            buckets=_FAST,
            registry=self.registry,
        )
        self.turned_away = Counter(
            "goldenpath_runs_turned_away",
            "Runs that were refused with Retry-After, by lane.",
            ("lane",),
            registry=self.registry,
        )
        self.refusals = Counter(
            "goldenpath_refusals",
            "Callers who were refused: unauthenticated or forbidden.",
            ("kind",),
            registry=self.registry,
        )

    def watch_lane(self, lane: LaneGauge) -> None:
        """Add a gauge of a lane's runs, both under way and queued."""
        gauge = Gauge(
            f"goldenpath_lane_{lane.name}_runs", f"Runs in the lane {lane.name}.", registry=self.registry
        )
        gauge.set_function(lambda: lane.occupied)

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)
