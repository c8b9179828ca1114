"""Recording rules that Prometheus computes once for all tenants of a cluster.

The alerts of tenants and workloads read only these recorded series. In a recorded series, ``namespace`` is always that of
the tenant, whatever the label of the exporter is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.telemetry.platform_accelerator_recordings import (
    accelerator_utilisation,
    held_accelerators,
    reserved_idle_accelerators,
)
from goldenpath.telemetry.rule import Case, Recording, metric, of_workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.telemetry.platform_metrics import PlatformMetrics

__all__ = ["platform_recordings"]


def platform_recordings(of: PlatformMetrics) -> Iterator[Recording]:
    """Yield the recording rules of a cluster."""
    yield _quota()
    yield _replicas()
    yield _restarts()
    yield accelerator_utilisation()
    if of.resources:
        yield held_accelerators(of.resources)
    if of.kueue is not None:
        yield from _queues(of.kueue)
        if of.resources:
            yield reserved_idle_accelerators(of.resources)
    if of.flux_operator is not None:
        yield from _flux(of.flux_operator)
    if of.keda is not None:
        yield _scaler_errors(of.keda)
    yield _certificates()
    yield _drift(of.cluster)


def _quota() -> Recording:
    series = metric("kube-state-metrics", "resource-quota")
    of = 'namespace="vision",resourcequota="compute",resource="cpu"'
    return Recording(
        "goldenpath:quota_used:ratio",
        f'max by (namespace, resourcequota, resource) ({series}{{type="used"}})\n'
        f'  / (max by (namespace, resourcequota, resource) ({series}{{type="hard"}}) > 0)\n',
        "How much of each quota is used; a quota of 0 has no such ratio. From kube-state-metrics.",
        (
            Case(
                "a quota of 0 is left out",
                {
                    f'{series}{{{of},type="used"}}': "3x5",
                    f'{series}{{{of},type="hard"}}': "4x5",
                    f'{series}{{namespace="chat",resourcequota="compute",resource="cpu",type="used"}}': "0x5",
                    f'{series}{{namespace="chat",resourcequota="compute",resource="cpu",type="hard"}}': "0x5",
                },
                "3m",
                gives={of: 0.75},
            ),
        ),
    )


def _replicas() -> Recording:
    names = {
        reading: metric("kube-state-metrics", reading)
        for reading in ("deployment-wanted", "deployment-ready", "stateful-set-wanted", "stateful-set-ready")
    }

    def missing(label: str, kind: str, wanted: str, ready: str) -> str:
        difference = (
            f"max by (namespace, {label}) ({names[wanted]}) - max by (namespace, {label}) ({names[ready]})"
        )
        named = f'label_replace({difference}, "name", "$1", "{label}", "(.+)")'
        return f'label_replace({named}, "kind", "{kind}", "", "")'

    of, db = 'namespace="vision",deployment="chat"', 'namespace="vision",statefulset="db"'
    return Recording(
        "goldenpath:replicas_missing:max",
        "max by (namespace, kind, name) (\n"
        f"  {missing('deployment', 'Deployment', 'deployment-wanted', 'deployment-ready')}\n"
        f"  or {missing('statefulset', 'StatefulSet', 'stateful-set-wanted', 'stateful-set-ready')}\n)\n",
        "Replicas that each Deployment and StatefulSet wants and that are not ready. From kube-state-metrics.",
        (
            Case(
                "one of three is not ready, and all of a StatefulSet are",
                {
                    f"{names['deployment-wanted']}{{{of}}}": "3x5",
                    f"{names['deployment-ready']}{{{of}}}": "2x5",
                    f"{names['stateful-set-wanted']}{{{db}}}": "2x5",
                    f"{names['stateful-set-ready']}{{{db}}}": "2x5",
                },
                "3m",
                {
                    'namespace="vision",kind="Deployment",name="chat"': 1,
                    'namespace="vision",kind="StatefulSet",name="db"': 0,
                },
            ),
        ),
    )


def _restarts() -> Recording:
    name = metric("kube-state-metrics", "restarts")
    of = 'namespace="vision",pod="chat-1"'
    return Recording(
        "goldenpath:pod_restarts:increase1h",
        f"sum by (namespace, pod) (increase({name}[1h]))\n",
        "How often containers of each Pod were started again in the last hour. From kube-state-metrics.",
        (
            Case(
                "two containers",
                {
                    f'{name}{{{of},container="a",uid="1"}}': "0+1x120",
                    f'{name}{{{of},container="b",uid="1"}}': "0x120",
                },
                "2h",
                {of: 60},
            ),
        ),
    )


def _queues(version: str) -> Iterator[Recording]:
    pending, usage = metric("kueue", "pending", version), metric("kueue", "usage", version)
    yield Recording(
        "goldenpath:queue_pending:sum",
        f"sum by (namespace, status) (label_replace(\n"
        f'  max without (replica_role, instance, pod) ({pending}{{cluster_queue!=""}}), '
        '"namespace", "$1", "cluster_queue", "(.+)"\n))\n',
        "Workloads that wait, by tenant: a queue has its tenant's name. Kueue's replicas, and labels that its configuration "
        "adds, make series of their own.",
        (
            Case(
                "labels of the configuration add up, replicas do not",
                {
                    f'{pending}{{cluster_queue="vision",status="active",custom_team="a",replica_role="leader"}}': "2x5",
                    f'{pending}{{cluster_queue="vision",status="active",custom_team="a",replica_role="follower"}}': "2x5",
                    f'{pending}{{cluster_queue="vision",status="active",custom_team="b",replica_role="leader"}}': "1x5",
                },
                "3m",
                {'namespace="vision",status="active"': 3},
            ),
        ),
    )
    of = 'cohort="tenants",cluster_queue="vision",flavor="h100",resource="nvidia.com/gpu"'
    yield Recording(
        "goldenpath:queue_usage:max",
        f"max by (namespace, flavor, resource) (label_replace(\n"
        f'  {usage}{{cluster_queue!=""}}, "namespace", "$1", "cluster_queue", "(.+)"\n))\n',
        "What admitted workloads use, by tenant. Needs `metrics.enableClusterQueueResources` of Kueue; cost reads it.",
        (
            Case(
                "two replicas of Kueue say one number",
                {
                    f'{usage}{{{of},replica_role="leader"}}': "6x5",
                    f'{usage}{{{of},replica_role="follower"}}': "6x5",
                },
                "3m",
                {'namespace="vision",flavor="h100",resource="nvidia.com/gpu"': 6},
            ),
        ),
    )


def _flux(version: str) -> Iterator[Recording]:
    state = metric("flux-operator", "flux-state", version)
    of = 'uid="1",kind="Kustomization"'
    for name, matcher, value, why in (
        (
            "goldenpath:flux_not_ready:max",
            'ready="False"',
            'ready="False",suspended="False"',
            "Flux objects that are not ready. One in flux-system belongs to the tenant that its name begins with.",
        ),
        (
            "goldenpath:flux_suspended:max",
            'suspended="True"',
            'ready="True",suspended="True"',
            "Flux objects that are suspended: what drifts there stays so.",
        ),
    ):
        moved = f'label_replace({state}{{{matcher}}}, "namespace", "$1", "exported_namespace", "(.+)")'
        yield Recording(
            name,
            "max by (namespace, kind, name) (label_replace(label_join(\n"
            f'  {moved}, "goldenpath_object", "/", "exported_namespace", "name"\n'
            '), "namespace", "$1", "goldenpath_object", "flux-system/([^.]+)(?:[.].+)?"))\n',
            why,
            (
                Case(
                    "the tenant's own object, and the one that applies its workload",
                    {
                        f'{state}{{namespace="flux-system",exported_namespace="vision",name="apps",{of},{value}}}': "1x5",
                        f'{state}{{namespace="flux-system",exported_namespace="flux-system",name="vision.chat",{of},{value}}}': "1x5",
                        f'{state}{{namespace="flux-system",exported_namespace="chat",name="apps",{of},ready="True",suspended="False"}}': "1x5",
                    },
                    "3m",
                    {
                        'namespace="vision",kind="Kustomization",name="apps"': 1,
                        'namespace="vision",kind="Kustomization",name="vision.chat"': 1,
                    },
                ),
            ),
        )


def _scaler_errors(version: str) -> Recording:
    name = metric("keda", "scaler-errors", version)
    of = 'scaledObject="chat",scaler="s0",type="scaledobject"'
    exported = f'namespace="keda",pod="keda-1",exported_namespace="vision",{of}'
    return Recording(
        "goldenpath:scaler_errors:rate5m",
        "sum by (namespace, scaledObject) (\n"
        f"  {of_workload('keda', 'scaler-errors', 'rate(%s[5m])', version)}\n)\n",
        "Errors a second of each scaler. A scaler that cannot read keeps its fallback, and nothing else shows it.",
        (
            Case(
                "renamed labels",
                {f"{name}{{{exported}}}": "0+60x20"},
                "10m",
                {'namespace="vision",scaledObject="chat"': 1},
            ),
            Case(
                "honored labels",
                {f'{name}{{namespace="vision",{of}}}': "0+60x20"},
                "10m",
                {'namespace="vision",scaledObject="chat"': 1},
            ),
        ),
    )


def _certificates() -> Recording:
    name = metric("cert-manager", "certificate-end")
    exported = f'{name}{{namespace="cert-manager",exported_namespace="vision",name="chat"}}'
    return Recording(
        "goldenpath:certificate_seconds_left:min",
        f"min by (namespace, name) (\n  {of_workload('cert-manager', 'certificate-end', '(%s > 0)')}\n) - time()\n",
        "Seconds until each certificate ends. From cert-manager, where it is scraped; 0 means never issued.",
        (
            Case("renamed labels", {exported: "86400x5"}, "2m", {'namespace="vision",name="chat"': 86280}),
            Case(
                "honored labels, and one that was never issued",
                {
                    f'{name}{{namespace="vision",name="chat"}}': "86400x5",
                    f'{name}{{namespace="vision",name="new"}}': "0x5",
                },
                "2m",
                {'namespace="vision",name="chat"': 86280},
            ),
        ),
    )


def _drift(cluster: str) -> Recording:
    name = metric("goldenpath-status", "drift")
    return Recording(
        "goldenpath:drift_objects:max",
        "max by (namespace, workload) (label_replace(\n"
        f'  {name}{{cluster="{cluster}",tenant!=""}}, "namespace", "$1", "tenant", "(.+)"\n))\n',
        "Objects of each tenant and workload that are not as the repository has them. From `goldenpath status --drift "
        "--format metrics`, run on a schedule.",
        (
            Case(
                "the tenant's own, its workload's, and another cluster's",
                {
                    f'{name}{{cluster="{cluster}",kind="tenant",tenant="vision"}}': "2x5",
                    f'{name}{{cluster="{cluster}",kind="workload",tenant="vision",workload="chat"}}': "0x5",
                    f'{name}{{cluster="another-cluster",kind="tenant",tenant="vision"}}': "7x5",
                    f'{name}{{cluster="{cluster}",kind="platform"}}': "1x5",
                },
                "3m",
                {'namespace="vision"': 2, 'namespace="vision",workload="chat"': 0},
            ),
        ),
    )
