"""Recording rules that Prometheus computes once for all tenants of a cluster.

The alerts of tenants and workloads read these recorded series and never an exporter's: a recorded series has the
tenant's own ``namespace``, whatever the exporter calls it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from goldenpath.telemetry.rule import Case, Recording, metric, of_workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.telemetry.platform_metrics import PlatformMetrics

__all__ = ["platform_recordings"]

_EXPORTER_POD = 'namespace="monitoring",pod="exporter-x"'


def platform_recordings(of: PlatformMetrics) -> Iterator[Recording]:
    """The recorded series of a cluster."""
    yield _quota()
    yield _replicas()
    yield _restarts()
    yield _utilisation()
    if of.resources:
        yield _requested(of.resources)
    if of.kueue is not None:
        yield from _queues(of.kueue)
        if of.resources:
            yield _reserved_idle(of.resources)
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
        lacks = (
            f"max by (namespace, {label}) ({names[wanted]}) - max by (namespace, {label}) ({names[ready]})"
        )
        named = f'label_replace({lacks}, "name", "$1", "{label}", "(.+)")'
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


def _utilisation() -> Recording:
    nvidia, amd = metric("dcgm-exporter", "utilisation"), metric("amd-device-metrics-exporter", "utilisation")
    dies = metric("amd-device-metrics-exporter", "utilisation-of-partitions")
    intel = metric("intel-xpu-manager", "utilisation")
    workload = 'namespace="vision",pod="server-1"'
    exported = f'{_EXPORTER_POD},exported_namespace="vision",exported_pod="server-1"'
    cpx = 'gpu_id="0",gpu_compute_partition_type="cpx"'
    kube = 'kube_namespace="vision",kube_pod="server-1"'
    mean, percent = "avg_over_time(%s[30m])", "avg_over_time(%s[30m]) / 100"
    spx, others = (f'gpu_compute_partition_type{match}"(?i:spx)?"' for match in ("=~", "!~"))
    tiles = f'label_replace(avg_over_time({intel}{{kube_namespace!="",sub_dev=""}}[30m]), "namespace", "$1", "kube_namespace", "(.+)")'
    return Recording(
        "goldenpath:accelerator_utilisation:avg",
        "avg by (namespace, pod) (\n"
        f"  {of_workload('dcgm-exporter', 'utilisation', mean)}\n"
        f"  or {of_workload('amd-device-metrics-exporter', 'utilisation', percent, more=spx)}\n"
        f"  or {of_workload('amd-device-metrics-exporter', 'utilisation-of-partitions', percent, more=others)}\n"
        f'  or label_replace({tiles}, "pod", "$1", "kube_pod", "(.+)")\n'
        ")\n",
        "How busy the accelerators of each Pod were, between 0 and 1. From NVIDIA's DCGM exporter, AMD's device metrics "
        "exporter and Intel's XPU Manager. Where Prometheus keeps its own labels (`honorLabels: false`, the default), "
        "namespace and pod are the exporter's, and the workload's are exported_namespace and exported_pod.",
        (
            Case(
                "NVIDIA, renamed labels",
                {f'{nvidia}{{UUID="1",{exported}}}': "0.5x60"},
                "40m",
                {workload: 0.5},
            ),
            Case(
                "NVIDIA, honored labels",
                {f'{nvidia}{{UUID="1",{workload}}}': "0.5x60"},
                "40m",
                {workload: 0.5},
            ),
            Case(
                "two MIG instances of one Pod are averaged",
                {
                    f'{nvidia}{{UUID="1",GPU_I_ID="1",{exported}}}': "1x60",
                    f'{nvidia}{{UUID="1",GPU_I_ID="2",{exported}}}': "0x60",
                },
                "40m",
                {workload: 0.5},
            ),
            Case("AMD, renamed labels", {f'{amd}{{gpu_id="0",{exported}}}': "50x60"}, "40m", {workload: 0.5}),
            Case("AMD, honored labels", {f'{amd}{{gpu_id="0",{workload}}}': "50x60"}, "40m", {workload: 0.5}),
            Case(
                "an AMD partition, whose activity of the whole device is 0",
                {
                    f"{amd}{{{cpx},{exported}}}": "0x60",
                    f'{dies}{{xcc_index="0",{cpx},{exported}}}': "50x60",
                },
                "40m",
                {workload: 0.5},
            ),
            Case(
                "Intel, with a tile that the device's own number holds",
                {
                    f'{intel}{{uuid="1",{_EXPORTER_POD},{kube}}}': "0.5x60",
                    f'{intel}{{uuid="1",sub_dev="0",{_EXPORTER_POD},{kube}}}': "1x60",
                },
                "40m",
                {workload: 0.5},
            ),
            Case(
                "a device that no Pod holds",
                {f'{nvidia}{{UUID="1",{_EXPORTER_POD}}}': "0.5x60"},
                "40m",
                {'namespace="monitoring",pod="exporter-x"': 0.5},
            ),
        ),
    )


def _sanitized(resource: str) -> str:
    """A resource's name as kube-state-metrics writes it for Pods: ``nvidia_com_gpu`` (see the catalogue's trap)."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", resource)


def _requested(resources: tuple[str, ...]) -> Recording:
    requests, phase = metric("kube-state-metrics", "requests"), metric("kube-state-metrics", "phase")
    names = sorted({_sanitized(resource) for resource in resources})
    first = names[0]
    pod = 'namespace="vision",pod="a"'
    return Recording(
        "goldenpath:accelerators_held:sum",
        f'sum by (namespace, pod, resource) ({requests}{{resource=~"{"|".join(names)}"}})\n'
        f'  * on (namespace, pod) group_left () (max by (namespace, pod) ({phase}{{phase="Running"}}) == 1)\n',
        "Accelerators that running Pods hold. A Pod that has finished keeps its requests as a series and holds nothing.",
        (
            Case(
                "a finished Pod holds nothing",
                {
                    f'{requests}{{{pod},container="x",resource="{first}"}}': "4x5",
                    f'{phase}{{{pod},phase="Running"}}': "1x5",
                    f'{requests}{{namespace="vision",pod="b",container="x",resource="{first}"}}': "8x5",
                    f'{phase}{{namespace="vision",pod="b",phase="Running"}}': "0x5",
                    f'{requests}{{{pod},container="x",resource="cpu"}}': "2x5",
                },
                "3m",
                {f'{pod},resource="{first}"': 4},
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


def _reserved_idle(resources: tuple[str, ...]) -> Recording:
    names = "|".join(sorted(resource.replace(".", "[.]") for resource in resources))
    reserved = f'sum by (namespace) (goldenpath:queue_usage:max{{resource=~"{names}"}})'
    held = "sum by (namespace) (goldenpath:accelerators_held:sum)"
    usage = f'goldenpath:queue_usage:max{{namespace="vision",flavor="x",resource="{resources[0]}"}}'
    pod = 'goldenpath:accelerators_held:sum{namespace="vision",pod="a",resource="x"}'
    return Recording(
        "goldenpath:accelerators_reserved_idle:sum",
        f"clamp_min({reserved} - ({held} or 0 * {reserved}), 0)\n",
        "Accelerators that Kueue has given to admitted workloads and that no running Pod holds. No one else may have them.",
        (
            Case(
                "six are reserved and four are held",
                {usage: "6x5", pod: "4x5"},
                "3m",
                {'namespace="vision"': 2},
            ),
            Case("six are reserved and none is held", {usage: "6x5"}, "3m", {'namespace="vision"': 6}),
            Case("Pods beside the queue", {usage: "2x5", pod: "4x5"}, "3m", {'namespace="vision"': 0}),
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
