"""Alerts for the team of a tenant. Every selector names the tenant's namespace and reads recorded series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.telemetry.rule import Alert, Case, RuleGroup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.telemetry.rule import Severity

__all__ = ["TenantMetrics", "tenant_group"]

_WEEK = 7 * 24 * 3600
_OTHER = 'namespace="another-tenant"'


@dataclass(frozen=True, slots=True)
class TenantMetrics:
    """The metrics of a tenant on a cluster.

    ``accelerator_quotas`` are quota keys such as ``requests.nvidia.com/gpu``. ``scaler_metric`` is the metric that the
    scaler reads, or None without a scaler. ``runbooks`` is the URL of the folder with a page for each alert, with a slash
    at the end.
    """

    namespace: str
    accelerator_quotas: tuple[str, ...] = ()
    has_queue: bool = False
    has_scalers: bool = False
    has_flux: bool = False
    scaler_metric: str | None = None
    scaler_selector: str = ""
    scaler_workload: str | None = None
    runbooks: str | None = None

    @property
    def selector(self) -> str:
        return f'namespace="{self.namespace}"'


def tenant_group(of: TenantMetrics) -> RuleGroup:
    """Return the alerts of a tenant on a cluster."""
    return RuleGroup(f"goldenpath-{of.namespace}", tuple(_alerts(of)))


def _alert(  # noqa: PLR0917 - the parts of an alert in the order in which a person reads them
    of: TenantMetrics,
    name: str,
    expr: str,
    wait: str,
    severity: Severity,
    summary: str,
    action: str,
    *cases: Case,
) -> Alert:
    """Create an alert. The first case, with the series of another tenant, is added as a case that does not fire."""
    first = cases[0]
    given = {series.replace(of.selector, _OTHER): values for series, values in first.given.items()}
    if given != first.given:
        cases = (*cases, Case("of another tenant", given, first.at, firing=0))
    return Alert(
        name,
        expr,
        wait,
        severity,
        summary,
        action,
        cases,
        labels={"tenant": of.namespace},
        runbooks=of.runbooks,
    )


def _alerts(of: TenantMetrics) -> Iterator[Alert]:
    own = of.selector
    quota = "goldenpath:quota_used:ratio"
    cpu = 'resourcequota="compute",resource="cpu"'
    yield _alert(
        of,
        "TenantQuotaNearlyUsed",
        f"{quota}{{{own}}} > 0.9",
        "30m",
        "warning",
        "{{ $labels.resource }} of {{ $labels.namespace }} is used to {{ $value | humanizePercentage }} of its quota.",
        "Free what is not needed, or ask for more in the team's request.",
        Case("nearly used", {f"{quota}{{{own},{cpu}}}": "0.95x60"}, "45m", firing=1),
        Case("half used", {f"{quota}{{{own},{cpu}}}": "0.5x60"}, "45m", firing=0),
    )
    yield from _pods(of)
    if of.accelerator_quotas:
        yield from _accelerators(of)
    if of.has_queue and of.accelerator_quotas:
        yield _reserved_idle(of)
    if of.has_queue:
        pending = "goldenpath:queue_pending:sum"
        yield _alert(
            of,
            "TenantWorkloadsWait",
            f"sum by (namespace) ({pending}{{{own}}}) > 0",
            "2h",
            "info",
            "{{ $value }} workloads of {{ $labels.namespace }} have waited for two hours.",
            "See what they wait for: quota of the team, a flavor, or a resource that the queue does not count.",
            Case("waiting", {f'{pending}{{{own},status="inadmissible"}}': "3x150"}, "130m", firing=1),
            Case("none waits", {f'{pending}{{{own},status="active"}}': "0x150"}, "130m", firing=0),
        )
    if of.scaler_metric is not None:
        yield _scaler_without_data(of, of.scaler_metric)
    if of.has_scalers:
        errors = "goldenpath:scaler_errors:rate5m"
        yield _alert(
            of,
            "TenantScalerFails",
            f"{errors}{{{own}}} > 0",
            "15m",
            "warning",
            "The scaler of {{ $labels.scaledObject }} in {{ $labels.namespace }} reads nothing: its fallback sets the replicas.",
            "Read the events of the ScaledObject, and run its query.",
            Case("failing", {f'{errors}{{{own},scaledObject="chat"}}': "0.1x30"}, "20m", firing=1),
            Case("working", {f'{errors}{{{own},scaledObject="chat"}}': "0x30"}, "20m", firing=0),
        )
    left = "goldenpath:certificate_seconds_left:min"
    yield _alert(
        of,
        "TenantCertificateExpires",
        f"{left}{{{own}}} < {_WEEK}",
        "1h",
        "warning",
        "Certificate {{ $labels.name }} of {{ $labels.namespace }} ends in {{ $value | humanizeDuration }}.",
        "See why cert-manager does not renew it.",
        Case("three days", {f'{left}{{{own},name="chat"}}': "259200x90"}, "70m", firing=1),
        Case("a month", {f'{left}{{{own},name="chat"}}': "2592000x90"}, "70m", firing=0),
    )
    yield _drift(of)
    if of.has_flux:
        yield from _flux(of)


def _pods(of: TenantMetrics) -> Iterator[Alert]:
    """Yield the alerts on Pods of workloads, of charts and of the team's own manifests."""
    own = of.selector
    missing, restarts = "goldenpath:replicas_missing:max", "goldenpath:pod_restarts:increase1h"
    chat = 'kind="Deployment",name="chat"'
    yield _alert(
        of,
        "TenantReplicasMissing",
        f"{missing}{{{own}}} > 0",
        "30m",
        "warning",
        "{{ $labels.kind }} {{ $labels.name }} of {{ $labels.namespace }} has lacked {{ $value }} replicas for half an hour.",
        "Describe its Pods: an image, a probe, a quota or a Node is missing.",
        Case("one is missing", {f"{missing}{{{own},{chat}}}": "1x60"}, "45m", firing=1),
        Case("none is missing", {f"{missing}{{{own},{chat}}}": "0x60"}, "45m", firing=0),
        Case("rolled out meanwhile", {f"{missing}{{{own},{chat}}}": "1x20 0x40"}, "45m", firing=0),
    )
    yield _alert(
        of,
        "TenantPodRestarts",
        f"{restarts}{{{own}}} > 3",
        "15m",
        "warning",
        "Containers of Pod {{ $labels.pod }} of {{ $labels.namespace }} were started again {{ $value | humanize }} times in an hour.",
        "Read the log of the container before, and the reason of its last state.",
        Case("again and again", {f'{restarts}{{{own},pod="chat-1"}}': "6x60"}, "30m", firing=1),
        Case("once", {f'{restarts}{{{own},pod="chat-1"}}': "1x60"}, "30m", firing=0),
    )


def _accelerators(of: TenantMetrics) -> Iterator[Alert]:
    own = of.selector
    busy, quota = "goldenpath:accelerator_utilisation:avg", "goldenpath:quota_used:ratio"
    yield _alert(
        of,
        "TenantAcceleratorsIdle",
        f"{busy}{{{own}}} < 0.05",
        "2h",
        "info",
        "Pod {{ $labels.pod }} of {{ $labels.namespace }} has held an accelerator for two hours and hardly used it.",
        "Stop it, or give it a smaller slice.",
        Case("idle", {f'{busy}{{{own},pod="a"}}': "0.01x150"}, "130m", firing=1),
        Case("busy", {f'{busy}{{{own},pod="a"}}': "0.6x150"}, "130m", firing=0),
    )
    # Sorted, so that the order of the accelerators in a request does not change the rule.
    keys = "|".join(key.replace(".", "[.]") for key in sorted(of.accelerator_quotas))
    first = of.accelerator_quotas[0]
    held = f'{quota}{{{own},resourcequota="accelerators",resource="{first}"}}'
    yield _alert(
        of,
        "TenantAcceleratorsHoarded",
        f"avg by (namespace) (avg_over_time({busy}{{{own}}}[12h])) < 0.1\n"
        f'  and on (namespace) max by (namespace) (min_over_time({quota}{{{own},resource=~"{keys}"}}[12h])) >= 0.5\n',
        "12h",
        "warning",
        "{{ $labels.namespace }} has held half of its accelerators for a day and used {{ $value | humanizePercentage }} of them.",
        "Let go what waits for nothing, or lower the quota in the team's request so that others may have it.",
        Case(
            "held and idle", {held: "0.75x1500", f'{busy}{{{own},pod="a"}}': "0.02x1500"}, "24h30m", firing=1
        ),
        Case(
            "held and busy", {held: "0.75x1500", f'{busy}{{{own},pod="a"}}': "0.7x1500"}, "24h30m", firing=0
        ),
        Case("little held", {held: "0.25x1500", f'{busy}{{{own},pod="a"}}': "0.02x1500"}, "24h30m", firing=0),
    )


def _reserved_idle(of: TenantMetrics) -> Alert:
    own = of.selector
    idle = "goldenpath:accelerators_reserved_idle:sum"
    return _alert(
        of,
        "TenantAcceleratorsReservedIdle",
        f"{idle}{{{own}}} > 0",
        "2h",
        "warning",
        "{{ $value }} accelerators are reserved for admitted workloads of {{ $labels.namespace }}, and no Pod has run on them for two hours.",
        "See why the Pods of an admitted workload do not start, or stop the workload so that others may have them.",
        Case("reserved", {f"{idle}{{{own}}}": "4x150"}, "130m", firing=1),
        Case("all are held", {f"{idle}{{{own}}}": "0x150"}, "130m", firing=0),
    )


def _scaler_without_data(of: TenantMetrics, metric: str) -> Alert:
    series = f"{metric}{of.scaler_selector}"
    whose = f"{of.scaler_workload} in {of.namespace}" if of.scaler_workload else of.namespace
    plain = series.replace('=~"', '="').replace("-[a-z0-9]+-[a-z0-9]+", "-7d4b9c-x2x4z")
    return _alert(
        of,
        "TenantScalerWithoutData",
        f"absent({series})",
        "30m",
        "warning",
        f"No Pod of {whose} gives {metric}, which its scaler reads.",
        "See that the server runs, has a port named metrics, and is of the engine version that the request names.",
        Case("silent", {"up": "1x60"}, "45m", firing=1),
        Case("there", {plain: "0x60"}, "45m", firing=0),
        Case("of another tenant", {f'{metric}{{namespace="another-tenant"}}': "0x60"}, "45m", firing=1),
    )


def _flux(of: TenantMetrics) -> Iterator[Alert]:
    own = of.selector
    of_object = 'kind="Kustomization",name="apps"'
    for name, series, wait, minutes, says, action in (
        (
            "TenantFluxNotReady",
            "goldenpath:flux_not_ready:max",
            "15m",
            "20m",
            "does not apply: what was merged is not on the cluster.",
            "Read its condition; it names the object and the reason.",
        ),
        (
            "TenantFluxSuspended",
            "goldenpath:flux_suspended:max",
            "24h",
            "24h30m",
            "has been suspended for a day: what drifts stays so.",
            "Resume it, or say in the team's channel until when it waits.",
        ),
    ):
        yield _alert(
            of,
            name,
            f"{series}{{{own}}} == 1",
            wait,
            "warning",
            f"{{{{ $labels.kind }}}} {{{{ $labels.name }}}} of {{{{ $labels.namespace }}}} {says}",
            action,
            Case("so", {f"{series}{{{own},{of_object}}}": "1x1500"}, minutes, firing=1),
        )


def _drift(of: TenantMetrics) -> Alert:
    own = of.selector
    drift = "goldenpath:drift_objects:max"
    return _alert(
        of,
        "TenantDrift",
        f"{drift}{{{own}}} > 0",
        "1h",
        "warning",
        "{{ $value }} objects of {{ $labels.namespace }}{{ with $labels.workload }}/{{ . }}{{ end }} have not been as the repository has them for an hour.",
        "List them with the managers of their fields: put them back, or ask for what they should be.",
        Case(
            "of the tenant, and of its workload: each has its own alert",
            {f"{drift}{{{own}}}": "1x90", f'{drift}{{{own},workload="chat"}}': "1x90"},
            "70m",
            firing=2,
        ),
        Case("none", {f"{drift}{{{own}}}": "0x90"}, "70m", firing=0),
        Case("put back by Flux", {f"{drift}{{{own}}}": "2x30 0x60"}, "70m", firing=0),
    )
