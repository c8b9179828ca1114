"""Recording rules on accelerators: how busy they are, which Pods hold them, and which are reserved and idle."""

from __future__ import annotations

import re

from goldenpath.telemetry.rule import Case, Recording, metric, of_workload

__all__ = ["accelerator_utilisation", "held_accelerators", "reserved_idle_accelerators"]

_EXPORTER_POD = 'namespace="monitoring",pod="exporter-x"'


def accelerator_utilisation() -> Recording:
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
    """Convert a resource name as kube-state-metrics does for Pods: ``nvidia_com_gpu`` (see the trap in the catalogue)."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", resource)


def held_accelerators(resources: tuple[str, ...]) -> Recording:
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


def reserved_idle_accelerators(resources: tuple[str, ...]) -> Recording:
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
