"""The page on alerts and recorded series of platforms, tenants and inference services."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from goldenpath.describe.markdown import code, page, table
from goldenpath.telemetry import (
    OBJECTIVE,
    LatencyGoal,
    PlatformMetrics,
    PromisedCache,
    Recording,
    ServiceSeries,
    TenantMetrics,
    platform_groups,
    service_group,
    tenant_group,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.telemetry import RuleGroup

__all__ = ["alerts_page"]

_INTRODUCTION: Final = (
    "Rules that golden paths render where the cluster has the Prometheus Operator and the fleet names a Prometheus "
    "(`monitoring`). A rule on an add-on is rendered only where the cluster has the add-on. `critical` wakes a person, "
    "`warning` is for the next working day, `info` is for a review. The tables use the names of tenant `vision` and "
    "its service `chat`."
)
_PLATFORM: Final = PlatformMetrics(
    cluster="berlin",
    kueue="0.17",
    keda="2.20",
    flux_operator="0.58",
    spire="0.6",
    vendors=("nvidia",),
    resources=("nvidia.com/gpu",),
    gateway_namespace="gateway-system",
)
_TENANT: Final = TenantMetrics(
    namespace="vision",
    accelerator_quotas=("requests.nvidia.com/gpu",),
    has_queue=True,
    has_scalers=True,
    has_flux=True,
    scaler_metric="vllm:num_requests_waiting",
    scaler_selector='{namespace="vision"}',
)
_SERVICE: Final = ServiceSeries(
    namespace="vision",
    workload="chat",
    selector='namespace="vision",goldenpath_dev_workload="chat"',
    pod_pattern="chat-[a-z0-9]+-[a-z0-9]+",
    example_pod="chat-7d4b9c-x2x4z",
    tokens="vllm:generation_tokens_total",
    waiting="vllm:num_requests_waiting",
    running="vllm:num_requests_running",
    cache="vllm:kv_cache_usage_perc",
    latencies=(("time-to-first-token", "vllm:time_to_first_token_seconds"),),
    goals=(
        LatencyGoal(
            name="time-to-first-token",
            words="time to the first token",
            asked="750ms",
            seconds="0.75",
            metric="vllm:time_to_first_token_seconds",
            bound="0.75",
            is_exact=True,
            tail_bound="2.5",
        ),
    ),
    waiting_limit="5",
    most_replicas=6,
    scaler_metric="vllm:num_requests_running",
    promised_cache=PromisedCache("vllm:cache_config_info", "2,000 to 2,400 blocks of 16 tokens", ""),
    has_flux=True,
)


def alerts_page() -> str:
    slo = (
        f"A goal of a request is a mean. The burn-rate alerts expect {OBJECTIVE:.0%} of answers below the first bound of the "
        "engine's histogram that is at least three times the goal. A goal beyond the histogram has no burn-rate alert."
    )
    groups = (
        ("Platform", platform_groups(_PLATFORM), ""),
        ("Tenant", (tenant_group(_TENANT),), ""),
        ("Inference service", (service_group(_SERVICE),), slo),
    )
    blocks = [block for title, found, note in groups for block in _groups(title, found, note)]
    return page("Alerts and recorded series", _INTRODUCTION, *blocks)


def _groups(title: str, groups: tuple[RuleGroup, ...], note: str) -> Iterator[str]:
    yield f"## {title}"
    yield note
    rules = [rule for group in groups for rule in group.rules]
    yield table(
        ["Alert", "Severity", "After", "Meaning", "What to do"],
        (
            [code(alert.name), alert.severity, alert.wait, _plain(alert.summary), alert.action]
            for group in groups
            for alert in group.alerts
        ),
    )
    yield table(
        ["Recorded series", "Meaning"],
        ([code(rule.name), rule.why] for rule in rules if isinstance(rule, Recording)),
    )


def _plain(summary: str) -> str:
    return re.sub(r"\{\{ (.*?) \}\}", r"`\1`", summary)
