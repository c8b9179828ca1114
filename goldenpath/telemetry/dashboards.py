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
        Panel(
            "Accelerators used by tenant",
            "timeseries",
            "What Kueue counts for admitted workloads. Above its quota, a tenant borrows.",
            (Query(f"sum by (namespace) ({_USED}}})", "{{namespace}}"),),
        ),
        Panel(
            "How busy each tenant's accelerators are",
            "timeseries",
            "Low and long means held idle: see the tenant's dashboard for the Pod.",
            (Query("avg by (namespace) (goldenpath:accelerator_utilisation:avg)", "{{namespace}}"),),
            "percentunit",
            1,
        ),
        Panel(
            "Quotas nearest to their end",
            "timeseries",
            "The ten fullest quotas.",
            (Query("topk(10, goldenpath:quota_used:ratio)", "{{namespace}} {{resource}}"),),
            "percentunit",
        ),
        Panel(
            "Workloads that wait, by tenant",
            "timeseries",
            "Inadmissible ones wait for quota or a flavor.",
            (Query("sum by (namespace, status) (goldenpath:queue_pending:sum)", "{{namespace}} {{status}}"),),
        ),
        Panel(
            "Alerts that fire",
            "timeseries",
            "By tenant and severity.",
            (
                Query(
                    'count by (tenant, severity) (ALERTS{alertstate="firing",tenant!=""})',
                    "{{tenant}} {{severity}}",
                ),
            ),
        ),
        Panel(
            "Generated tokens by workload",
            "timeseries",
            "A second, for all inference services.",
            (
                Query(
                    "sum by (namespace, workload) (goldenpath:inference_tokens:rate5m)",
                    "{{namespace}}/{{workload}}",
                ),
            ),
        ),
        Panel(
            "Objects that drifted, by tenant",
            "timeseries",
            "Not as the repository has them, at the last look of `goldenpath status --drift`.",
            (Query("sum by (namespace) (goldenpath:drift_objects:max)", "{{namespace}}"),),
        ),
        Panel(
            "Reserved accelerators without a Pod, by tenant",
            "timeseries",
            "Kueue has given them to admitted workloads, and nothing runs on them: no one else may have them.",
            (Query("goldenpath:accelerators_reserved_idle:sum", "{{namespace}}"),),
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
        Panel(
            "Quota",
            "timeseries",
            "At 100 % nothing more starts.",
            (Query(f"goldenpath:quota_used:ratio{{{_OF_TENANT}}}", "{{resource}}"),),
            "percentunit",
        ),
        Panel(
            "How busy each Pod's accelerators are",
            "timeseries",
            "Below 5 % for two hours is idle.",
            (Query(f"goldenpath:accelerator_utilisation:avg{{{_OF_TENANT}}}", "{{pod}}"),),
            "percentunit",
            1,
        ),
        Panel(
            "Accelerators used, by flavor",
            "timeseries",
            "What Kueue counts.",
            (Query(f"sum by (flavor) ({_USED},{_OF_TENANT}}})", "{{flavor}}"),),
        ),
        Panel(
            "Scalers that cannot read",
            "timeseries",
            "Errors a second; 0 is well.",
            (Query(f"goldenpath:scaler_errors:rate5m{{{_OF_TENANT}}}", "{{scaledObject}}"),),
        ),
        Panel(
            "Generated tokens by workload",
            "timeseries",
            "A second.",
            (Query(f"goldenpath:inference_tokens:rate5m{{{_OF_TENANT}}}", "{{workload}}"),),
        ),
        Panel(
            "Time until certificates end",
            "timeseries",
            "cert-manager renews long before the end.",
            (Query(f"goldenpath:certificate_seconds_left:min{{{_OF_TENANT}}}", "{{name}}"),),
            "s",
        ),
        Panel(
            "Reserved accelerators without a Pod",
            "timeseries",
            "Given to admitted workloads, and nothing runs on them.",
            (Query(f"goldenpath:accelerators_reserved_idle:sum{{{_OF_TENANT}}}", "reserved"),),
        ),
        Panel(
            "Objects that drifted",
            "timeseries",
            "Of the tenant itself, and of each workload, at the last look of `goldenpath status --drift`.",
            (Query(f"goldenpath:drift_objects:max{{{_OF_TENANT}}}", "{{namespace}} {{workload}}"),),
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
        Panel(
            "Mean latency",
            "timeseries",
            "Time to the first token, and between tokens.",
            (Query(f"goldenpath:inference_latency:mean10m{{{_OF_WORKLOAD}}}", "{{latency}}"),),
            "s",
        ),
        Panel(
            "Answers within the goal",
            "timeseries",
            "The share within the histogram's bound nearest to the goal.",
            (Query(f"goldenpath:inference_within_goal:ratio{{{_OF_WORKLOAD}}}", "{{goal}}, {{seconds}} s"),),
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
        Panel(
            "Fullest KV cache",
            "timeseries",
            "Above 95 % a server stops requests and begins them again.",
            (Query(f"goldenpath:inference_cache_used:max{{{_OF_WORKLOAD}}}", "cache"),),
            "percentunit",
            1,
        ),
        Panel(
            "Generated tokens",
            "timeseries",
            "A second.",
            (Query(f"goldenpath:inference_tokens:rate5m{{{_OF_WORKLOAD}}}", "tokens a second"),),
        ),
    ),
)

DASHBOARDS: Final = (_FLEET, _TENANT_PAGE, _WORKLOAD_PAGE)
"""Every dashboard, from the fleet to the workload."""
