"""PromQL for a reading: always one element, only of one namespace, and empty when the engine is not there.

Empty matters: a scaler that gets "no data" keeps its replicas, one that gets "0" scales down.
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
    """The query of ``reading``. ``window`` is the range of a rate, ``quantile`` that of a latency.

    With ``workload``, only the Pods of the Deployment of that name are read; with ``matching``, only series with these
    labels; else all of the namespace.
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
            # Without traffic a quantile is NaN, which a scaler takes for a failure: then the answer is 0,
            # but still only where the histogram exists.
            idle = f"sum(rate({metric.name}_count{labels}[{window}])) * 0"
            return f"histogram_quantile({quantile}, {buckets}) >= 0 or {idle}"


def selector(
    metric: Metric,
    *,
    namespace: str,
    workload: str | None = None,
    matching: Mapping[str, str] | None = None,
) -> str:
    """The labels that the query of a metric selects by, in braces."""
    labels = {"namespace": namespace, **(matching or {}), **metric.matchers}
    matchers = [f'{name}="{_escaped(value)}"' for name, value in labels.items()]
    if workload is not None:
        # Of a Deployment's Pods the name has exactly two more parts: those of `server-b` are not those of `server`.
        matchers.append(f'pod=~"{workload.replace(".", "[.]")}-[a-z0-9]+-[a-z0-9]+"')
    return "{" + ",".join(matchers) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
