"""The dashboards for fleet, tenant and workload. They read only recorded series, so they fit every exporter and engine."""

from __future__ import annotations

from typing import Final, Literal

from goldenpath.telemetry.dashboard import Dashboard, Panel, Query, Variable

__all__ = ["DASHBOARDS"]

_USED: Final = 'goldenpath:queue_usage:max{resource!~"cpu|memory|pods"'
_OF_TENANT: Final = 'namespace="$namespace"'
_OF_WORKLOAD: Final = 'namespace="$namespace",workload="$workload"'
_TENANT: Final = Variable("namespace", "Tenant", "label_values(goldenpath:quota_used:ratio, namespace)")
_WORKLOAD: Final = Variable(
    "workload",
    "Workload",
    'label_values(goldenpath:inference_accelerators:sum{namespace="$namespace"}, workload)',
)


def _stat(
    title: str,
    about: str,
    expr: str,
    unit: Literal["short", "percentunit"] = "short",
    red_from: float | None = None,
) -> Panel:
    return Panel(title, "stat", about, (Query(expr),), unit, red_from=red_from)


def _lines(  # noqa: PLR0917 - the order of Panel and Query
    title: str,
    about: str,
    expr: str,
    legend: str,
    unit: Literal["short", "percentunit", "s"] = "short",
    most: float | None = None,
) -> Panel:
    return Panel(title, "timeseries", about, (Query(expr, legend),), unit, most)


_FLEET: Final = Dashboard(
    "goldenpath-fleet",
    "Fleet",
    "What all tenants of a cluster hold, use and wait for.",
    (),
    (
        _stat("Accelerators held", "By running Pods.", "sum(goldenpath:accelerators_held:sum)"),
        _stat(
            "Accelerators busy",
            "Mean over Pods, in the last half hour. Devices that no Pod holds count once, as the Pod of their exporter.",
            "avg(goldenpath:accelerator_utilisation:avg)",
            "percentunit",
        ),
        _stat(
            "Workloads that wait",
            "In the queues of all tenants.",
            "sum(goldenpath:queue_pending:sum) or vector(0)",
        ),
        _stat(
            "Flux objects not ready",
            "Of all tenants.",
            "count(goldenpath:flux_not_ready:max == 1) or vector(0)",
            red_from=1,
        ),
        _lines(
            "Accelerators used by tenant",
            "What Kueue counts for admitted workloads. Above its quota, a tenant borrows.",
            f"sum by (namespace) ({_USED}}})",
            "{{namespace}}",
        ),
        _lines(
            "How busy each tenant's accelerators are",
            "Low and long means held idle: see the tenant's dashboard for the Pod.",
            "avg by (namespace) (goldenpath:accelerator_utilisation:avg)",
            "{{namespace}}",
            "percentunit",
            1,
        ),
        _lines(
            "Quotas nearest to their end",
            "The ten fullest quotas.",
            "topk(10, goldenpath:quota_used:ratio)",
            "{{namespace}} {{resource}}",
            "percentunit",
        ),
        _lines(
            "Workloads that wait, by tenant",
            "Inadmissible ones wait for quota or a flavor.",
            "sum by (namespace, status) (goldenpath:queue_pending:sum)",
            "{{namespace}} {{status}}",
        ),
        _lines(
            "Alerts that fire",
            "By tenant and severity.",
            'count by (tenant, severity) (ALERTS{alertstate="firing",tenant!=""})',
            "{{tenant}} {{severity}}",
        ),
        _lines(
            "Generated tokens by workload",
            "A second, for all inference services.",
            "sum by (namespace, workload) (goldenpath:inference_tokens:rate5m)",
            "{{namespace}}/{{workload}}",
        ),
        _lines(
            "Objects that drifted, by tenant",
            "Not as the repository has them, at the last look of `goldenpath status --drift`.",
            "sum by (namespace) (goldenpath:drift_objects:max)",
            "{{namespace}}",
        ),
        _lines(
            "Reserved accelerators without a Pod, by tenant",
            "Kueue has given them to admitted workloads, and nothing runs on them: no one else may have them.",
            "goldenpath:accelerators_reserved_idle:sum",
            "{{namespace}}",
        ),
    ),
)
_TENANT_PAGE: Final = Dashboard(
    "goldenpath-tenant",
    "Tenant",
    "What one tenant holds, uses and waits for.",
    (_TENANT,),
    (
        _stat(
            "Accelerators held", "By running Pods.", f"sum(goldenpath:accelerators_held:sum{{{_OF_TENANT}}})"
        ),
        _stat(
            "Accelerators busy",
            "Mean over its Pods, in the last half hour.",
            f"avg(goldenpath:accelerator_utilisation:avg{{{_OF_TENANT}}})",
            "percentunit",
        ),
        _stat(
            "Workloads that wait",
            "In its queue.",
            f"sum(goldenpath:queue_pending:sum{{{_OF_TENANT}}}) or vector(0)",
        ),
        _stat(
            "Flux objects not ready",
            "Its own, and those that apply its workloads.",
            f"count(goldenpath:flux_not_ready:max{{{_OF_TENANT}}} == 1) or vector(0)",
            red_from=1,
        ),
        _lines(
            "Quota",
            "At 100 % nothing more starts.",
            f"goldenpath:quota_used:ratio{{{_OF_TENANT}}}",
            "{{resource}}",
            "percentunit",
        ),
        _lines(
            "How busy each Pod's accelerators are",
            "Below 5 % for two hours is idle.",
            f"goldenpath:accelerator_utilisation:avg{{{_OF_TENANT}}}",
            "{{pod}}",
            "percentunit",
            1,
        ),
        _lines(
            "Accelerators used, by flavor",
            "What Kueue counts.",
            f"sum by (flavor) ({_USED},{_OF_TENANT}}})",
            "{{flavor}}",
        ),
        _lines(
            "Scalers that cannot read",
            "Errors a second; 0 is well.",
            f"goldenpath:scaler_errors:rate5m{{{_OF_TENANT}}}",
            "{{scaledObject}}",
        ),
        _lines(
            "Generated tokens by workload",
            "A second.",
            f"goldenpath:inference_tokens:rate5m{{{_OF_TENANT}}}",
            "{{workload}}",
        ),
        _lines(
            "Time until certificates end",
            "cert-manager renews long before the end.",
            f"goldenpath:certificate_seconds_left:min{{{_OF_TENANT}}}",
            "{{name}}",
            "s",
        ),
        _lines(
            "Reserved accelerators without a Pod",
            "Given to admitted workloads, and nothing runs on them.",
            f"goldenpath:accelerators_reserved_idle:sum{{{_OF_TENANT}}}",
            "reserved",
        ),
        _lines(
            "Objects that drifted",
            "Of the tenant itself, and of each workload, at the last look of `goldenpath status --drift`.",
            f"goldenpath:drift_objects:max{{{_OF_TENANT}}}",
            "{{namespace}} {{workload}}",
        ),
    ),
)
_WORKLOAD_PAGE: Final = Dashboard(
    "goldenpath-workload",
    "Inference service",
    "Speed, load and goal of one inference service.",
    (_TENANT, _WORKLOAD),
    (
        _stat("Tokens a second", "Generated.", f"goldenpath:inference_tokens:rate5m{{{_OF_WORKLOAD}}}"),
        _stat("Requests that run", "On all servers.", f"goldenpath:inference_running:sum{{{_OF_WORKLOAD}}}"),
        _stat("Requests that wait", "On all servers.", f"goldenpath:inference_waiting:sum{{{_OF_WORKLOAD}}}"),
        _stat(
            "Accelerators", "Held by its Pods.", f"goldenpath:inference_accelerators:sum{{{_OF_WORKLOAD}}}"
        ),
        _lines(
            "Mean latency",
            "Time to the first token, and between tokens.",
            f"goldenpath:inference_latency:mean10m{{{_OF_WORKLOAD}}}",
            "{{latency}}",
            "s",
        ),
        _lines(
            "Answers within the goal",
            "The share within the histogram's bound nearest to the goal.",
            f"goldenpath:inference_within_goal:ratio{{{_OF_WORKLOAD}}}",
            "{{goal}}, {{seconds}} s",
            "percentunit",
            1,
        ),
        Panel(
            "Slow answers",
            "timeseries",
            "5 % may be slower than three times the goal. Both windows above the limit of an alert make it fire.",
            (
                Query(f"goldenpath:inference_slow_answers:ratio_rate5m{{{_OF_WORKLOAD}}}", "{{goal}}, 5m"),
                Query(f"goldenpath:inference_slow_answers:ratio_rate1h{{{_OF_WORKLOAD}}}", "{{goal}}, 1h"),
                Query(f"goldenpath:inference_slow_answers:ratio_rate6h{{{_OF_WORKLOAD}}}", "{{goal}}, 6h"),
            ),
            "percentunit",
        ),
        Panel(
            "Load",
            "timeseries",
            "Requests that wait for long mean too few servers.",
            (
                Query(f"goldenpath:inference_running:sum{{{_OF_WORKLOAD}}}", "running"),
                Query(f"goldenpath:inference_waiting:sum{{{_OF_WORKLOAD}}}", "waiting"),
            ),
        ),
        _lines(
            "Fullest KV cache",
            "Above 95 % a server stops requests and begins them again.",
            f"goldenpath:inference_cache_used:max{{{_OF_WORKLOAD}}}",
            "cache",
            "percentunit",
            1,
        ),
        _lines(
            "Generated tokens",
            "A second.",
            f"goldenpath:inference_tokens:rate5m{{{_OF_WORKLOAD}}}",
            "tokens a second",
        ),
    ),
)

DASHBOARDS: Final = (_FLEET, _TENANT_PAGE, _WORKLOAD_PAGE)
"""Every dashboard, from the fleet to the workload."""
