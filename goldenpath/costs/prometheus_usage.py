"""Reads the accelerator hours that one cluster used from its Prometheus."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from goldenpath.costs.usage import Usage
from goldenpath.errors import ClusterUnavailableError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.costs.period import Period
    from goldenpath.tenancy import Platform

__all__ = ["QUEUE_HOURS", "WORKLOAD_HOURS", "usage_of_prometheus"]

_STEP_MINUTES: Final = 5
_TIMEOUT_SECONDS: Final = 60.0

QUEUE_HOURS: Final = f'sum by (namespace, flavor) (sum_over_time(goldenpath:queue_usage:max{{resource!~"cpu|memory|pods"}}[%ds:{_STEP_MINUTES}m])) * {_STEP_MINUTES} / 60'
"""Hours by tenant and flavor, as Kueue counted them every five minutes. A gap in the series counts as no use."""

WORKLOAD_HOURS: Final = f"sum by (namespace, workload) (sum_over_time(goldenpath:inference_accelerators:sum[%ds:{_STEP_MINUTES}m])) * {_STEP_MINUTES} / 60"
"""Hours by workload: the accelerators of its running Pods."""


def usage_of_prometheus(
    platform: Platform,
    address: str,
    period: Period,
    uses: Mapping[str, Mapping[str, tuple[int, int]]],
) -> tuple[Usage, ...]:
    """Query the hours that tenants and workloads of a cluster used in a period.

    Args:
        platform: the cluster.
        address: the URL at which this machine reaches the cluster's Prometheus.
        period: the period.
        uses: by workload (``vision/chat``), the accelerators that its lock claims on the cluster.

    Raises:
        InputError: the address is not an HTTP URL.
        ClusterUnavailableError: Prometheus does not answer, or refuses the query.
    """
    if not address.startswith(("http://", "https://")):
        raise InputError.of(
            "--prometheus", "url", "must be CLUSTER=URL with http:// or https://", value=address
        )
    flavors = {pool.name: pool.id for pool in platform.pools}
    found = []
    for labels, hours in _query(platform.name, address, QUEUE_HOURS % period.seconds, period):
        if (profile := flavors.get(labels.get("flavor", ""))) is not None:
            found.append(Usage(platform.name, labels.get("namespace", ""), "", profile, hours))
    for labels, hours in _query(platform.name, address, WORKLOAD_HOURS % period.seconds, period):
        tenant, workload = labels.get("namespace", ""), labels.get("workload", "")
        # A service runs on one kind of accelerator, which its lock names. The tenant's row counts a deleted service.
        profiles = tuple(uses.get(f"{tenant}/{workload}", {}))
        found += [Usage(platform.name, tenant, workload, profile, hours) for profile in profiles[:1]]
    return tuple(found)


def _query(
    cluster: str, address: str, query: str, period: Period
) -> Iterator[tuple[Mapping[str, str], Decimal]]:
    import httpx  # noqa: PLC0415 - only a query needs it

    try:
        answer = httpx.post(
            f"{address.rstrip('/')}/api/v1/query",
            # A second before the end: the window is closed on both sides, and the next period begins with the end.
            data={"query": query, "time": str(period.end.timestamp() - 1)},
            timeout=_TIMEOUT_SECONDS,
        )
        document: Any = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        message = f"the Prometheus of {cluster} does not answer at {address}: {type(error).__name__}"
        raise ClusterUnavailableError(message) from error
    if not isinstance(document, dict) or document.get("status") != "success":
        why = (
            str(document.get("error", answer.status_code)) if isinstance(document, dict) else "no JSON object"
        )
        raise ClusterUnavailableError(f"the Prometheus of {cluster} refuses the query: {why[:300]}")
    for each in document["data"]["result"]:
        yield each["metric"], round(Decimal(each["value"][1]), 6)
