"""What Prometheus works out once for all tenants of a cluster, and what wakes its platform team.

The alerts of tenants and workloads read these recorded series and never an exporter's: a recorded series has the
tenant's own ``namespace``, whatever the exporter calls it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.telemetry.rule import Alert, Case, Recording, RuleGroup, metric, of_workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.telemetry.rule import Rule

__all__ = ["PlatformMetrics", "platform_groups"]

_EXPORTER_POD = 'namespace="monitoring",pod="exporter-x"'
_WEEK = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class PlatformMetrics:
    """What a cluster measures. A version is that of the add-on; None where the cluster does not run it."""

    cluster: str
    kueue: str | None = None
    keda: str | None = None
    flux_operator: str | None = None
    spire: str | None = None
    vendors: tuple[str, ...] = ()
    """Vendors of the cluster's accelerators: ``nvidia``, ``amd``, ``intel``."""
    resources: tuple[str, ...] = ()
    """Names of the resources that Pods ask for accelerators by."""
    gateway_namespace: str | None = None
    runbooks: str | None = None
    """Address of the folder with a page for each alert, with a slash at its end."""


def platform_groups(of: PlatformMetrics) -> tuple[RuleGroup, ...]:
    """The recording rules of a cluster, and the alerts of its platform team."""
    return (
        RuleGroup("goldenpath-recording", tuple(_recordings(of))),
        RuleGroup("goldenpath-platform", tuple(_alerts(of))),
    )


def _recordings(of: PlatformMetrics) -> Iterator[Rule]:
    yield _quota()
    yield _utilisation()
    if of.resources:
        yield _requested(of.resources)
    if of.kueue is not None:
        yield from _queues(of.kueue)
    if of.flux_operator is not None:
        yield from _flux(of.flux_operator)
    if of.keda is not None:
        yield _scaler_errors(of.keda)
    yield _certificates()


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


def _utilisation() -> Recording:
    nvidia, amd = metric("dcgm-exporter", "utilisation"), metric("amd-device-metrics-exporter", "utilisation")
    workload = 'namespace="vision",pod="server-1"'
    exported = f'{_EXPORTER_POD},exported_namespace="vision",exported_pod="server-1"'
    return Recording(
        "goldenpath:accelerator_utilisation:avg",
        "avg by (namespace, pod) (\n"
        f"  {of_workload('dcgm-exporter', 'utilisation', 'avg_over_time(%s[30m])')}\n"
        f"  or {of_workload('amd-device-metrics-exporter', 'utilisation', 'avg_over_time(%s[30m]) / 100')}\n"
        ")\n",
        "How busy the accelerators of each Pod were, between 0 and 1. From NVIDIA's DCGM exporter and AMD's device metrics "
        "exporter. Where Prometheus keeps its own labels (`honorLabels: false`, the default), namespace and pod are the "
        "exporter's, and the workload's are exported_namespace and exported_pod.",
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
                "a device that no Pod holds",
                {f'{nvidia}{{UUID="1",{_EXPORTER_POD}}}': "0.5x60"},
                "40m",
                {'namespace="monitoring",pod="exporter-x"': 0.5},
            ),
        ),
    )


def sanitized(resource: str) -> str:
    """A resource's name as kube-state-metrics writes it for Pods: ``nvidia_com_gpu`` (see the catalogue's trap)."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", resource)


def _requested(resources: tuple[str, ...]) -> Recording:
    requests, phase = metric("kube-state-metrics", "requests"), metric("kube-state-metrics", "phase")
    names = sorted({sanitized(resource) for resource in resources})
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
        "Workloads that wait, by tenant: a queue has its tenant's name. Kueue's own replicas and priorities are series of "
        "their own.",
        (
            Case(
                "priorities add up, replicas do not",
                {
                    f'{pending}{{cluster_queue="vision",status="active",priority_class="a",replica_role="leader"}}': "2x5",
                    f'{pending}{{cluster_queue="vision",status="active",priority_class="a",replica_role="follower"}}': "2x5",
                    f'{pending}{{cluster_queue="vision",status="active",priority_class="b",replica_role="leader"}}': "1x5",
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


def _alerts(of: PlatformMetrics) -> Iterator[Alert]:
    if of.flux_operator is not None:
        yield from _flux_alerts(of)
    if of.kueue is not None:
        yield from _queue_alerts(of)
    yield from _accelerator_alerts(of)
    if of.spire is not None:
        yield _identity_alert(of)
    if of.gateway_namespace is not None:
        yield _certificate_alert(of, of.gateway_namespace)


def _runbook(of: PlatformMetrics, alert: str) -> str | None:
    return None if of.runbooks is None else f"{of.runbooks}{alert}.md"


def _flux_alerts(of: PlatformMetrics) -> Iterator[Alert]:
    state = metric("flux-operator", "flux-state", of.flux_operator)
    own = 'exported_namespace="flux-system",name=~"flux-system|platform|fleet.*"'
    of_root = 'namespace="flux-system",exported_namespace="flux-system",kind="Kustomization",name="platform",uid="1"'
    other = 'namespace="flux-system",exported_namespace="vision",kind="Kustomization",name="apps",uid="2"'
    yield Alert(
        "PlatformFluxNotReady",
        f'max by (kind, name) ({state}{{{own},ready="False"}}) == 1',
        "10m",
        "critical",
        f"Flux on {of.cluster} does not apply {{{{ $labels.kind }}}} {{{{ $labels.name }}}}: no change of any tenant comes through.",
        "Read its condition and the log of its controller.",
        (
            Case(
                "a root", {f'{state}{{{of_root},ready="False",suspended="False"}}': "1x30"}, "15m", firing=1
            ),
            Case(
                "a tenant's own object",
                {f'{state}{{{other},ready="False",suspended="False"}}': "1x30"},
                "15m",
                firing=0,
            ),
        ),
        runbook=_runbook(of, "PlatformFluxNotReady"),
    )
    yield Alert(
        "PlatformFluxSuspended",
        f'max by (kind, name) ({state}{{{own},suspended="True"}}) == 1',
        "4h",
        "warning",
        f"{{{{ $labels.kind }}}} {{{{ $labels.name }}}} on {of.cluster} has been suspended for four hours: what drifts stays so.",
        "Resume it, or say in the incident why it waits.",
        (
            Case(
                "a root", {f'{state}{{{of_root},ready="True",suspended="True"}}': "1x300"}, "4h30m", firing=1
            ),
            Case(
                "a root that works",
                {f'{state}{{{of_root},ready="True",suspended="False"}}': "1x300"},
                "4h30m",
                firing=0,
            ),
        ),
        runbook=_runbook(of, "PlatformFluxSuspended"),
    )


def _queue_alerts(of: PlatformMetrics) -> Iterator[Alert]:
    status, usage = metric("kueue", "queue-status", of.kueue), metric("kueue", "usage", of.kueue)
    yield Alert(
        "PlatformQueueInactive",
        f'max by (cluster_queue) ({status}{{status="active"}}) == 0',
        "15m",
        "warning",
        f"ClusterQueue {{{{ $labels.cluster_queue }}}} on {of.cluster} admits nothing.",
        "Read its condition: a flavor or an admission check that it names is missing, or its tenant is being retired.",
        (
            Case(
                "inactive", {f'{status}{{cluster_queue="vision",status="active"}}': "0x30"}, "20m", firing=1
            ),
            Case(
                "a replica that leads says active",
                {
                    f'{status}{{cluster_queue="vision",status="active",replica_role="leader"}}': "1x30",
                    f'{status}{{cluster_queue="vision",status="active",replica_role="follower"}}': "0x30",
                },
                "20m",
                firing=0,
            ),
        ),
        runbook=_runbook(of, "PlatformQueueInactive"),
    )
    yield Alert(
        "PlatformQueueUsageMissing",
        f"absent({usage})",
        "1h",
        "info",
        f"Kueue on {of.cluster} exports no use of its queues, so the cost of what is used is unknown.",
        "Set `metrics.enableClusterQueueResources: true` in Kueue's configuration.",
        (
            Case("missing", {"up": "1x90"}, "70m", firing=1),
            Case(
                "there",
                {f'{usage}{{cluster_queue="vision",flavor="x",resource="cpu"}}': "0x90"},
                "70m",
                firing=0,
            ),
        ),
        runbook=_runbook(of, "PlatformQueueUsageMissing"),
    )


_EXPORTERS = {"nvidia": "dcgm-exporter", "amd": "amd-device-metrics-exporter", "intel": "intel-xpu-manager"}


def _accelerator_alerts(of: PlatformMetrics) -> Iterator[Alert]:
    for vendor in of.vendors:
        series = metric(_EXPORTERS[vendor], "utilisation")
        yield Alert(
            "PlatformAcceleratorMetricsMissing",
            f"absent({series})",
            "30m",
            "warning",
            f"No exporter on {of.cluster} gives {series}: idle accelerators of {vendor} are not seen.",
            "See that the exporter runs on the nodes with accelerators, and is scraped.",
            (
                Case("missing", {"up": "1x60"}, "40m", firing=1),
                Case("there", {f'{series}{{UUID="1"}}': "0x60"}, "40m", firing=0),
            ),
            labels={"vendor": vendor},
            runbook=_runbook(of, "PlatformAcceleratorMetricsMissing"),
        )
    if "nvidia" in of.vendors:
        fault = metric("dcgm-exporter", "fault")
        yield Alert(
            "PlatformAcceleratorFault",
            f"max by (UUID, hostname, instance) ({fault}) > 0 or max by (UUID, hostname, instance) (DCGM_FI_DEV_ROW_REMAP_FAILURE) > 0",
            "5m",
            "warning",
            f"GPU {{{{ $labels.UUID }}}} on {of.cluster} reports a fault; the code, or 1 for a failed row remapping, is {{{{ $value }}}}.",
            "Look the code up, cordon the node where it is one of the hardware, and let its Pods go.",
            (
                Case("an XID", {f'{fault}{{UUID="1",hostname="n1"}}': "79x20"}, "10m", firing=1),
                Case(
                    "a failed remapping",
                    {'DCGM_FI_DEV_ROW_REMAP_FAILURE{UUID="1",hostname="n1"}': "1x20"},
                    "10m",
                    firing=1,
                ),
                Case("none", {f'{fault}{{UUID="1",hostname="n1"}}': "0x20"}, "10m", firing=0),
            ),
            runbook=_runbook(of, "PlatformAcceleratorFault"),
        )


def _identity_alert(of: PlatformMetrics) -> Alert:
    workloads, agents = metric("spire", "identity-renewal"), metric("spire", "agent-renewal")
    failed = 'status!="OK"'
    return Alert(
        "PlatformIdentitiesNotRenewed",
        f"sum by (instance) (rate({workloads}{{{failed}}}[15m])) > 0 or sum by (instance) (rate({agents}{{{failed}}}[15m])) > 0",
        "15m",
        "critical",
        f"The SPIRE agent {{{{ $labels.instance }}}} on {of.cluster} cannot renew identities; they end within their lifetime.",
        "See whether the agent reaches the server, and whether the server's CA is valid.",
        (
            Case(
                "failing", {f'{workloads}{{status="Unavailable",instance="n1"}}': "0+2x60"}, "40m", firing=1
            ),
            Case(
                "an agent's own", {f'{agents}{{status="Unknown",instance="n1"}}': "0+2x60"}, "40m", firing=1
            ),
            Case("working", {f'{workloads}{{status="OK",instance="n1"}}': "0+2x60"}, "40m", firing=0),
        ),
        runbook=_runbook(of, "PlatformIdentitiesNotRenewed"),
    )


def _certificate_alert(of: PlatformMetrics, gateway: str) -> Alert:
    left = f'goldenpath:certificate_seconds_left:min{{namespace="{gateway}"'
    return Alert(
        "PlatformCertificateExpires",
        f"{left}}} < {_WEEK}",
        "1h",
        "critical",
        f"Certificate {{{{ $labels.name }}}} of the gateway on {of.cluster} ends in {{{{ $value | humanizeDuration }}}}.",
        "See why cert-manager does not renew it.",
        (
            Case("three days", {f'{left},name="public"}}': "259200x90"}, "70m", firing=1),
            Case("a month", {f'{left},name="public"}}': "2592000x90"}, "70m", firing=0),
            Case(
                "of another namespace",
                {'goldenpath:certificate_seconds_left:min{namespace="vision",name="chat"}': "259200x90"},
                "70m",
                firing=0,
            ),
        ),
        runbook=_runbook(of, "PlatformCertificateExpires"),
    )
