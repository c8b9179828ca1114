"""Alerts for the platform team on accelerators: missing metrics, faults, and idle devices that Pods hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.telemetry.rule import Alert, Case, metric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.telemetry.platform_metrics import PlatformMetrics

__all__ = ["accelerator_alerts"]

_EXPORTERS: Final = {
    "nvidia": "dcgm-exporter",
    "amd": "amd-device-metrics-exporter",
    "intel": "intel-xpu-manager",
}


def accelerator_alerts(of: PlatformMetrics) -> Iterator[Alert]:
    """Yield the alerts on accelerators and their metrics."""
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
            runbooks=of.runbooks,
        )
    if of.resources:
        yield _hoarded_alert(of)
    if "amd" in of.vendors:
        yield _health_alert(of)
    if "nvidia" in of.vendors:
        fault, by = metric("dcgm-exporter", "fault"), "UUID, Hostname, hostname, instance"
        yield Alert(
            "PlatformAcceleratorFault",
            f"max by ({by}) ({fault}) > 0 or max by ({by}) (DCGM_FI_DEV_ROW_REMAP_FAILURE) > 0",
            "5m",
            "warning",
            f"GPU {{{{ $labels.UUID }}}} on {of.cluster} reports a fault; the code, or 1 for a failed row remapping, is {{{{ $value }}}}.",
            "Look the code up, cordon the node where it is one of the hardware, and let its Pods go.",
            (
                Case(
                    "an XID", {f'{fault}{{UUID="1",Hostname="n1",err_code="79"}}': "79x20"}, "10m", firing=1
                ),
                Case(
                    "a failed remapping",
                    {'DCGM_FI_DEV_ROW_REMAP_FAILURE{UUID="1",hostname="n1"}': "1x20"},
                    "10m",
                    firing=1,
                ),
                Case("none", {f'{fault}{{UUID="1",hostname="n1"}}': "0x20"}, "10m", firing=0),
            ),
            runbooks=of.runbooks,
        )


def _hoarded_alert(of: PlatformMetrics) -> Alert:
    busy, held = "goldenpath:accelerator_utilisation:avg", "goldenpath:accelerators_held:sum"
    pod = 'namespace="vision",pod="a"'
    return Alert(
        "PlatformAcceleratorsHoarded",
        f"avg(avg_over_time({busy}[12h]) and on (namespace, pod) min_over_time({held}[12h]) > 0) < 0.1",
        "12h",
        "info",
        f"Accelerators that Pods on {of.cluster} have held for a day were busy for {{{{ $value | humanizePercentage }}}} of the time.",
        "List the tenants that hold most and use least, and ask them.",
        (
            Case(
                "held and idle",
                {f"{busy}{{{pod}}}": "0.02x1500", f'{held}{{{pod},resource="x"}}': "4x1500"},
                "24h30m",
                firing=1,
            ),
            Case(
                "held and busy",
                {f"{busy}{{{pod}}}": "0.6x1500", f'{held}{{{pod},resource="x"}}': "4x1500"},
                "24h30m",
                firing=0,
            ),
            Case(
                "a device that no Pod holds",
                {f'{busy}{{namespace="monitoring",pod="exporter-x"}}': "0x1500"},
                "24h30m",
                firing=0,
            ),
        ),
        runbooks=of.runbooks,
    )


def _health_alert(of: PlatformMetrics) -> Alert:
    health = metric("amd-device-metrics-exporter", "health")
    device = 'gpu_id="1",serial_number="x",hostname="n1"'
    return Alert(
        "PlatformAcceleratorFault",
        f"max by (gpu_id, serial_number, hostname, instance) ({health}) == 0",
        "5m",
        "warning",
        f"GPU {{{{ $labels.gpu_id }}}} of {{{{ $labels.hostname }}}} on {of.cluster} is not healthy.",
        "Read the exporter's log for the reason, cordon the node, and let its Pods go.",
        (
            Case("not healthy", {f"{health}{{{device}}}": "0x20"}, "10m", firing=1),
            Case("healthy", {f"{health}{{{device}}}": "1x20"}, "10m", firing=0),
        ),
        labels={"vendor": "amd"},
        runbooks=of.runbooks,
    )
