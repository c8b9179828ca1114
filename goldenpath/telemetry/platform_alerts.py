"""What wakes the platform team of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.telemetry.rule import Alert, Case, metric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.telemetry.platform_metrics import PlatformMetrics

__all__ = ["platform_alerts"]

_DAY = 24 * 3600
_WEEK = 7 * _DAY


def platform_alerts(of: PlatformMetrics) -> Iterator[Alert]:
    """The alerts of a cluster's platform team."""
    if of.flux_operator is not None:
        yield from _flux_alerts(of)
    if of.kueue is not None:
        yield from _queue_alerts(of)
    yield from _accelerator_alerts(of)
    if of.spire is not None:
        yield _identity_alert(of)
    yield from _drift_alerts(of)
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


def _drift_alerts(of: PlatformMetrics) -> Iterator[Alert]:
    drift, look = metric("goldenpath-status", "drift"), metric("goldenpath-status", "last-look")
    here = f'cluster="{of.cluster}"'
    platform = f'{drift}{{{here},kind="platform"}}'
    yield Alert(
        "PlatformDrift",
        f"max by (cluster) ({platform}) > 0",
        "1h",
        "warning",
        f"{{{{ $value }}}} objects of the platform of {of.cluster} have not been as the repository has them for an hour.",
        "List them with the managers of their fields, and put them back or change the repository.",
        (
            Case("two objects", {platform: "2x90"}, "70m", firing=1),
            Case("none", {platform: "0x90"}, "70m", firing=0),
            Case("put back by Flux", {platform: "2x30 0x60"}, "70m", firing=0),
            Case(
                "of a tenant", {f'{drift}{{{here},kind="tenant",tenant="vision"}}': "2x90"}, "70m", firing=0
            ),
            Case(
                "of another cluster",
                {f'{drift}{{cluster="another-cluster",kind="platform"}}': "2x90"},
                "70m",
                firing=0,
            ),
        ),
        runbook=_runbook(of, "PlatformDrift"),
    )
    last = f"{look}{{{here}}}"
    yield Alert(
        "PlatformDriftUnknown",
        f"absent({last}) or time() - max by (cluster) ({last}) > {_DAY}",
        "1h",
        "info",
        f"No one has looked for drift on {of.cluster} for a day, so the alerts on drift are silent.",
        "Run `goldenpath status --drift --format metrics` on a schedule, or see why it fails.",
        (
            Case("never", {"up": "1x90"}, "70m", firing=1),
            Case("a day ago", {last: "0x1600"}, "26h", firing=1),
            Case("today", {last: "0x1600"}, "20h", firing=0),
            Case(
                "on another cluster only",
                {f'{look}{{cluster="another-cluster"}}': "0x90"},
                "70m",
                firing=1,
            ),
        ),
        runbook=_runbook(of, "PlatformDriftUnknown"),
    )
