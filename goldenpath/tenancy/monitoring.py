"""Creates the rule groups of a platform, a tenant and an inference service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.engines import MetricKind, engine_catalogue
from goldenpath.telemetry import (
    PlatformMetrics,
    PromisedCache,
    RuleGroup,
    ServiceSeries,
    TenantMetrics,
    platform_groups,
    service_group,
    tenant_group,
)
from goldenpath.tenancy.repository_paths import RepositoryPaths
from goldenpath.tenancy.runbook_links import runbook_folder

if TYPE_CHECKING:
    from goldenpath.engines import Engine
    from goldenpath.tenancy.inference_service_on_cluster import InferenceServiceOnCluster
    from goldenpath.tenancy.platform import Platform
    from goldenpath.tenancy.tenancy import Tenancy

__all__ = ["platform_rule_groups", "service_rule_group", "tenant_rule_group"]


def platform_rule_groups(platform: Platform) -> tuple[RuleGroup, ...]:
    """Return the recording rules for all tenants of a cluster, and the alerts of the platform team."""
    addons = platform.cluster.addons
    pools = platform.pools
    gateway = platform.gateway
    folder = RepositoryPaths(platform.ref, platform.layout).folder(platform.cluster_name)
    return platform_groups(
        PlatformMetrics(
            cluster=platform.name,
            kueue=addons.get("kueue"),
            keda=addons.get("keda"),
            flux_operator=addons.get("flux-operator"),
            spire=addons.get("spire-controller-manager"),
            vendors=tuple(dict.fromkeys(pool.accelerator.vendor for pool in pools)),
            resources=tuple(dict.fromkeys(pool.resource for pool in pools if not pool.dra)),
            gateway_namespace=gateway.namespace if gateway is not None else None,
            runbooks=runbook_folder(platform, folder),
        )
    )


def tenant_rule_group(tenancy: Tenancy) -> RuleGroup:
    hint = None if tenancy.is_retiring else tenancy.hint
    scaling = tenancy.tenant.autoscaling
    keys = (key for grant in tenancy.grants for key in grant.pool.quota_keys)
    return tenant_group(
        TenantMetrics(
            namespace=tenancy.name,
            accelerator_quotas=tuple(dict.fromkeys(keys)),
            # A drained queue keeps its pending workloads, and nothing is left to scale.
            has_queue=tenancy.has("kueue") and not tenancy.is_retiring,
            has_scalers=tenancy.has("keda") and not tenancy.is_retiring,
            has_flux=tenancy.has("flux-operator"),
            scaler_metric=_series(engine_catalogue().get(hint.engine), hint.metric)
            if hint is not None
            else None,
            scaler_selector=hint.selector if hint is not None else "",
            scaler_workload=scaling.workload if scaling is not None else None,
            runbooks=runbook_folder(
                tenancy.platform, RepositoryPaths(tenancy.ref, tenancy.platform.layout).home
            ),
        )
    )


def service_rule_group(service: InferenceServiceOnCluster) -> RuleGroup:
    """Return the recording rules and alerts of an inference service on a cluster."""
    metrics, platform = service.metrics, service.platform
    names = ("time-to-first-token", "inter-token-latency")
    latencies = ((name, metrics.name_of(name)) for name in names)
    triggers = service.scaler.triggers
    return service_group(
        ServiceSeries(
            namespace=service.namespace,
            workload=service.name,
            selector=metrics.selector,
            pod_pattern=service.pod_pattern,
            example_pod=service.example_pod,
            tokens=metrics.name_of("tokens"),
            waiting=metrics.name_of("queue"),
            running=metrics.name_of("concurrency"),
            cache=metrics.name_of("kv-cache"),
            latencies=tuple((name, metric) for name, metric in latencies if metric is not None),
            goals=service.goals,
            waiting_limit=service.waiting_limit,
            most_replicas=service.scaler.most,
            scaler_metric=_series(metrics.engine, triggers[0].metric) if triggers else None,
            promised_cache=_promised_cache(service),
            has_flux=platform.has("flux-operator"),
            runbooks=runbook_folder(platform, RepositoryPaths(service.ref, platform.layout).home),
        )
    )


def _promised_cache(service: InferenceServiceOnCluster) -> PromisedCache | None:
    promise = service.sizing_promise
    if promise is None:
        return None
    metric = promise.outside.partition("{")[0]
    # vLLM exports the number of blocks as a label, and SGLang exports GiB as the value.
    blocks = ',num_gpu_blocks="1"' if "num_gpu_blocks" in promise.outside else ""
    return PromisedCache(promise.outside, promise.words, f"{metric}{{{service.metrics.selector}{blocks}}}")


def _series(engine: Engine, metric: str) -> str:
    """Return a series that exists if the metric exists. A histogram has no series of its own name."""
    is_histogram = any(each.name == metric and each.kind is MetricKind.HISTOGRAM for each in engine)
    return f"{metric}_count" if is_histogram else metric
