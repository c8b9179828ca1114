"""A status, shown: a table of tenants, or one tenant in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from goldenpath.cli.change_output import change_lines
from goldenpath.cluster import Action, ReadinessState
from goldenpath.live import Health

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.live import ClusterStatus, TenantStatus
    from goldenpath.live.status import AcceleratorStatus, FluxStatus

__all__ = ["detail_lines", "table_lines"]

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
_COLOURS: Final = {
    Health.OK: "green",
    Health.PROGRESSING: "yellow",
    Health.DEGRADED: "red",
    Health.MISSING: "red",
}
_HEALTH: Final = 2


def table_lines(clusters: Sequence[ClusterStatus]) -> Iterator[str]:
    """A line for each tenant on each cluster, and below it why one is not well."""
    for cluster in clusters:
        for each in cluster.flux:
            if each.readiness.state is not ReadinessState.READY or each.suspended:
                yield click.style(f"{cluster.name}: {_flux(each)}", fg="red")
    tenants = [tenant for cluster in clusters for tenant in cluster.tenants]
    rows = [_HEADER, *map(_row, tenants)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        if number == 0:
            yield click.style("  ".join(cells).rstrip(), bold=True)
            continue
        tenant = tenants[number - 1]
        cells[_HEALTH] = click.style(cells[_HEALTH], fg=_COLOURS[tenant.health])
        yield "  ".join(cells).rstrip()
        for reason in tenant.reasons:
            yield f"    {reason}"


def _row(tenant: TenantStatus) -> tuple[str, ...]:
    ready = sum(each.readiness.state is ReadinessState.READY and not each.suspended for each in tenant.flux)
    drifted = tenant.drift.of(Action.CREATE, Action.CHANGE, Action.EXTRA, Action.REFUSED)
    queue = tenant.queue
    entries = sum(identity.entries or 0 for identity in tenant.identities)
    fine = sum(
        scaler.readiness.state is ReadinessState.READY and not scaler.fallback for scaler in tenant.scalers
    )
    return (
        tenant.name,
        tenant.cluster,
        tenant.health.value,
        f"{ready}/{len(tenant.flux)} ready" if tenant.flux else "-",
        str(len(drifted)) if drifted else "none",
        ", ".join(map(_accelerator, tenant.accelerators)) or "-",
        f"{queue.admitted} admitted, {queue.pending} waiting" if queue else "-",
        f"{len(tenant.identities)} ({entries} entries)" if tenant.identities else "-",
        f"{fine}/{len(tenant.scalers)} healthy" if tenant.scalers else "-",
    )


def _accelerator(each: AcceleratorStatus) -> str:
    used = "?" if each.used is None else str(each.used)
    borrow = f"+{each.borrow}" if each.borrow else ""
    return f"{used}/{each.quota}{borrow} {each.profile}"


def detail_lines(tenant: TenantStatus) -> Iterator[str]:
    """One tenant on one cluster, with everything that is known."""
    health = click.style(tenant.health.value, fg=_COLOURS[tenant.health], bold=True)
    yield f"{click.style(f'{tenant.name} on {tenant.cluster}', bold=True)}  {health}"
    for reason in tenant.reasons:
        yield f"  {reason}"
    if tenant.flux:
        yield "flux"
        for each in tenant.flux:
            yield f"  {_flux(each)}"
    drifted = tenant.drift.of(Action.CREATE, Action.CHANGE, Action.EXTRA, Action.REFUSED)
    if drifted:
        yield "not as in the repository"
        for change in drifted:
            yield from change_lines(change)
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
