"""Prints a status as tables of tenants and workloads, or one of them with all details."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from goldenpath.cli.change_output import change_lines
from goldenpath.cluster import ObjectAction, ReadinessState
from goldenpath.live import Health, TenantStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.live import ClusterStatus, FleetDrift
    from goldenpath.live.status import AcceleratorStatus, FluxStatus, WorkloadStatus

__all__ = ["detail_lines", "drift_lines", "table_lines"]

_HEADER: Final = (
    "TENANT",
    "CLUSTER",
    "HEALTH",
    "FLUX",
    "DRIFT",
    "ACCELERATORS",
    "QUEUE",
    "IDENTITIES",
    "SCALERS",
)
_WORKLOADS: Final = ("WORKLOAD", *_HEADER[1:5])
_COLOURS: Final = {
    Health.OK: "green",
    Health.PROGRESSING: "yellow",
    Health.DEGRADED: "red",
    Health.MISSING: "red",
}
_HEALTH: Final = 2
_DRIFT_ACTIONS: Final = (
    ObjectAction.CREATE, ObjectAction.CHANGE, ObjectAction.EXTRA, ObjectAction.REFUSED,
)  # fmt: skip


def table_lines(clusters: Sequence[ClusterStatus]) -> Iterator[str]:
    """A line for each tenant and workload on each cluster, followed by the reasons of bad health."""
    for cluster in clusters:
        for each in cluster.flux:
            if each.readiness.state is not ReadinessState.READY or each.suspended:
                yield click.style(f"{cluster.name}: {_flux(each)}", fg="red")
    tenants = [tenant for cluster in clusters for tenant in cluster.tenants]
    workloads = [workload for cluster in clusters for workload in cluster.workloads]
    if tenants:
        yield from _table(_HEADER, [_row(tenant) for tenant in tenants], tenants)
    if tenants and workloads:
        yield ""
    if workloads:
        yield from _table(_WORKLOADS, [_start(workload) for workload in workloads], workloads)


def drift_lines(drift: FleetDrift) -> Iterator[str]:
    """The differing objects with their fields, by cluster and owner."""
    if not drift.differences:
        yield "Clusters have no drift from the repository."
        return
    last = None
    for each in drift.differences:
        if (each.cluster, each.owner) != last:
            last = (each.cluster, each.owner)
            yield click.style(f"{each.cluster}: {each.owner}", bold=True)
        yield from change_lines(each.change)
    owners = {(each.cluster, each.owner) for each in drift.differences}
    number = len(drift.differences)
    verb = "objects differ" if number > 1 else "object differs"
    yield f"{number:,} {verb}, in {len(owners):,} of the fleet's parts."


def _table(
    header: tuple[str, ...],
    lines: Sequence[tuple[str, ...]],
    parts: Sequence[TenantStatus | WorkloadStatus],
) -> Iterator[str]:
    rows = [header, *lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        if number == 0:
            yield click.style("  ".join(cells).rstrip(), bold=True)
            continue
        part = parts[number - 1]
        cells[_HEALTH] = click.style(cells[_HEALTH], fg=_COLOURS[part.health])
        yield "  ".join(cells).rstrip()
        for reason in part.reasons:
            yield f"    {reason}"


def _start(part: TenantStatus | WorkloadStatus) -> tuple[str, ...]:
    """The first cells of both tables."""
    ready = sum(each.readiness.state is ReadinessState.READY and not each.suspended for each in part.flux)
    drifted = part.drift.of(*_DRIFT_ACTIONS)
    return (
        part.name,
        part.cluster,
        part.health.value,
        f"{ready}/{len(part.flux)} ready" if part.flux else "-",
        str(len(drifted)) if drifted else "none",
    )


def _row(tenant: TenantStatus) -> tuple[str, ...]:
    queue = tenant.queue
    entries = sum(identity.entries or 0 for identity in tenant.identities)
    fine = sum(
        scaler.readiness.state is ReadinessState.READY and not scaler.fallback for scaler in tenant.scalers
    )
    return (
        *_start(tenant),
        ", ".join(map(_accelerator, tenant.accelerators)) or "-",
        f"{queue.admitted} admitted, {queue.pending} waiting" if queue else "-",
        f"{len(tenant.identities)} ({entries} entries)" if tenant.identities else "-",
        f"{fine}/{len(tenant.scalers)} healthy" if tenant.scalers else "-",
    )


def _accelerator(each: AcceleratorStatus) -> str:
    used = "?" if each.used is None else str(each.used)
    borrow = f"+{each.borrow}" if each.borrow else ""
    return f"{used}/{each.quota}{borrow} {each.profile}"


def detail_lines(part: TenantStatus | WorkloadStatus) -> Iterator[str]:
    """All details of a tenant or workload on one cluster."""
    health = click.style(part.health.value, fg=_COLOURS[part.health], bold=True)
    yield f"{click.style(f'{part.name} on {part.cluster}', bold=True)}  {health}"
    for reason in part.reasons:
        yield f"  {reason}"
    if part.flux:
        yield "flux"
        for each in part.flux:
            yield f"  {_flux(each)}"
    drifted = part.drift.of(*_DRIFT_ACTIONS)
    if drifted:
        yield "drift from the repository"
        for change in drifted:
            yield from change_lines(change)
    if isinstance(part, TenantStatus):
        yield from _of_tenant(part)


def _of_tenant(tenant: TenantStatus) -> Iterator[str]:
    yield from _shares(tenant)
    if tenant.identities:
        yield "identities"
        for identity in tenant.identities:
            entries = "not reported" if identity.entries is None else f"{identity.entries} entries"
            failed = f", {identity.failures} failed" if identity.failures else ""
            yield f"  {identity.spiffe_id}  {entries}{failed}"
    if tenant.scalers:
        yield "scalers"
        for scaler in tenant.scalers:
            words = [scaler.readiness.state.value]
            words += [word for word in ("active", "fallback", "paused") if getattr(scaler, word)]
            yield f"  {scaler.object}  {', '.join(words)}  {scaler.readiness.message}".rstrip()


def _shares(tenant: TenantStatus) -> Iterator[str]:
    if tenant.accelerators:
        yield "accelerators: used / own + borrowable"
        for each in tenant.accelerators:
            borrowed = f", {each.borrowed} of them borrowed" if each.borrowed else ""
            yield f"  {_accelerator(each)}{borrowed}"
    queue = tenant.queue
    if queue is not None:
        stopped = ", stopped" if queue.stopped else ""
        yield f"queue {queue.name}: {queue.admitted} admitted, {queue.pending} waiting{stopped}"
    if tenant.quotas:
        yield "quota: used / allowed"
        for line in tenant.quotas:
            asked = f"  (the repository has {line.asked or 'none'})" if line.asked != line.hard else ""
            yield f"  {line.resource}  {line.used} / {line.hard}{asked}"


def _flux(each: FluxStatus) -> str:
    state = "suspended" if each.suspended else each.readiness.state.value
    revision = f"  {each.revision}" if each.revision else ""
    return f"{each.object}  {state}{revision}  {each.readiness.message}".rstrip()
