"""Alerts for the platform team of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.telemetry.platform_accelerator_alerts import accelerator_alerts
from goldenpath.telemetry.platform_identity_alerts import identity_alerts
from goldenpath.telemetry.rule import Alert, Case, metric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.telemetry.platform_metrics import PlatformMetrics

__all__ = ["platform_alerts"]

_DAY = 24 * 3600


def platform_alerts(of: PlatformMetrics) -> Iterator[Alert]:
    """Yield the alerts for the platform team of a cluster."""
    if of.flux_operator is not None:
        yield from _flux_alerts(of)
    if of.kueue is not None:
        yield from _queue_alerts(of)
    if of.keda is not None:
        yield _scalers_alert(of)
    yield from accelerator_alerts(of)
    yield from identity_alerts(of)
    yield from _drift_alerts(of)


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
        runbooks=of.runbooks,
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
        runbooks=of.runbooks,
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
        runbooks=of.runbooks,
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
        runbooks=of.runbooks,
    )


def _scalers_alert(of: PlatformMetrics) -> Alert:
    errors = "goldenpath:scaler_errors:rate5m"
    series = [f'{errors}{{namespace="{name}",scaledObject="chat"}}' for name in ("vision", "speech", "maps")]
    return Alert(
        "PlatformScalersFail",
        f"count({errors} > 0) / count({errors}) > 0.5 and on () count({errors} > 0) > 1",
        "10m",
        "critical",
        f"{{{{ $value | humanizePercentage }}}} of the scalers on {of.cluster} read nothing: their fallbacks set the replicas.",
        "See whether the Prometheus that they ask answers, and the log of KEDA's operator.",
        (
            Case("two of three", dict(zip(series, ("1x30", "1x30", "0x30"), strict=True)), "15m", firing=1),
            Case("one of three", dict(zip(series, ("1x30", "0x30", "0x30"), strict=True)), "15m", firing=0),
            Case("the only one", {series[0]: "1x30"}, "15m", firing=0),
        ),
        runbooks=of.runbooks,
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
        runbooks=of.runbooks,
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
        runbooks=of.runbooks,
    )
