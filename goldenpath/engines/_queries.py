"""PromQL for a reading. The result is one element for one namespace, or empty if the engine does not run.

Empty is important: a scaler keeps its replicas without data, and scales down on 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.engines._facts import ReadingKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from goldenpath.engines._facts import Metric

__all__ = ["query", "selector"]


def query(
    reading: ReadingKind,
    metric: Metric,
    *,
    namespace: str,
    window: str | None,
    quantile: Decimal,
    workload: str | None = None,
    matching: Mapping[str, str] | None = None,
) -> str:
    """Return the query for a reading. ``window`` is the range of a rate, and ``quantile`` is for latencies.

    The query reads all Pods of the namespace. With ``workload``, it reads only the Pods of this Deployment; with
    ``matching``, only the series with these labels.
    """
    labels = selector(metric, namespace=namespace, workload=workload, matching=matching)
    match reading:
        case ReadingKind.TOKENS:
            return f"sum(rate({metric.name}{labels}[{window}]))"
        case ReadingKind.QUEUE | ReadingKind.CONCURRENCY:
            return f"sum({metric.name}{labels})"
        case ReadingKind.KV_CACHE:
            return f"avg({metric.name}{labels})"
        case ReadingKind.TIME_TO_FIRST_TOKEN | ReadingKind.INTER_TOKEN_LATENCY:
            buckets = f"sum by (le) (rate({metric.name}_bucket{labels}[{window}]))"
            # Without traffic, a quantile is NaN, which a scaler reads as a failure. So the query then returns 0, but
            # only if the histogram exists.
            idle = f"sum(rate({metric.name}_count{labels}[{window}])) * 0"
            return f"histogram_quantile({quantile}, {buckets}) >= 0 or {idle}"


def selector(
    metric: Metric,
    *,
    namespace: str,
    workload: str | None = None,
    matching: Mapping[str, str] | None = None,
) -> str:
    """Return the labels of a query in braces."""
    labels = {"namespace": namespace, **(matching or {}), **metric.matchers}
    matchers = [f'{name}="{_escaped(value)}"' for name, value in labels.items()]
    if workload is not None:
        # Names of a Deployment's Pods have exactly two more parts, so the Pods of `server-b` do not match `server`.
        matchers.append(f'pod=~"{workload.replace(".", "[.]")}-[a-z0-9]+-[a-z0-9]+"')
    return "{" + ",".join(matchers) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
