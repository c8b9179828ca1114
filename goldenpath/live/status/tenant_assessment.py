"""Derives the status of a tenant or workload from the objects read. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.cluster import ObjectRef, Readiness, ReadinessState, condition_of, readiness_of
from goldenpath.live.status.cluster_reading import FLUX_NAMESPACE
from goldenpath.live.status.status_values import (
    AcceleratorStatus,
    FluxStatus,
    Health,
    IdentityStatus,
    QueueStatus,
    QuotaStatus,
    ScalerStatus,
    TenantStatus,
    WorkloadStatus,
)
from goldenpath.spec.quantities import quantity_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.cluster import ClusterChangeSet
    from goldenpath.manifests import ManifestObject
    from goldenpath.tenancy import Tenancy, WorkloadOnCluster
    from goldenpath.tenancy.tenant_accelerators import Grant

__all__ = ["flux_status", "tenant_status", "workload_status"]

_FLUX_GROUPS: Final = (".toolkit.fluxcd.io/",)
_SHOWN: Final = 3
_REVISIONS: Final = ("lastAppliedRevision", "lastAttemptedRevision")


def tenant_status(
    tenancy: Tenancy,
    wanted: Iterable[ManifestObject],
    live: Mapping[ObjectRef, Mapping[str, Any]],
    scalers: Iterable[Mapping[str, Any]],
    drift: ClusterChangeSet,
) -> TenantStatus:
    """Return the status of a tenant on its cluster.

    Args:
        tenancy: the tenant, resolved for the cluster.
        wanted: the expected objects.
        live: the live objects.
        scalers: the tenant's own ScaledObjects and ScaledJobs.
        drift: the differences.
    """
    name = tenancy.name
    namespace = readiness_of(live.get(ObjectRef("v1", "Namespace", "", name)))
    flux = _flux(live)
    quotas = tuple(_quotas(wanted, live, name))
    queue = _queue(name, live) if tenancy.has("kueue") else None
    identities = tuple(_identities(tenancy, live))
    scaler_states = tuple(_scaler(body) for body in scalers)
    if namespace.state is ReadinessState.MISSING:
        reasons = [(Health.MISSING, "its namespace does not exist")]
    else:
        reasons = [
            *_readiness_reasons(namespace, "its namespace"),
            *_flux_reasons(flux),
            *_drift_reasons(drift),
            *_queue_reasons(queue),
            *_identity_reasons(identities),
            *_scaler_reasons(scaler_states),
        ]
    worst_first = _worst_first(reasons)
    return TenantStatus(
        name=name,
        cluster=tenancy.cluster_name,
        health=worst_first[0][0] if worst_first else Health.OK,
        reasons=tuple(words for _, words in worst_first),
        namespace=namespace,
        flux=flux,
        drift=drift,
        quotas=quotas,
        accelerators=tuple(_accelerator(tenancy, grant, live, name) for grant in tenancy.grants),
        queue=queue,
        identities=identities,
        scalers=scaler_states,
    )


def workload_status(
    workload: WorkloadOnCluster, live: Mapping[ObjectRef, Mapping[str, Any]], drift: ClusterChangeSet
) -> WorkloadStatus:
    """Return the status of a workload on its cluster, from its live objects and its drift."""
    flux = _flux(live)
    reasons = _worst_first((*_flux_reasons(flux), *_drift_reasons(drift)))
    return WorkloadStatus(
        name=workload.ref.path,
        cluster=workload.cluster_name,
        health=reasons[0][0] if reasons else Health.OK,
        reasons=tuple(words for _, words in reasons),
        flux=flux,
        drift=drift,
    )


def _worst_first(reasons: Iterable[tuple[Health, str]]) -> list[tuple[Health, str]]:
    return sorted(reasons, key=lambda reason: -list(Health).index(reason[0]))


def _flux(live: Mapping[ObjectRef, Mapping[str, Any]]) -> tuple[FluxStatus, ...]:
    """Return the Kustomizations and sources among some objects."""
    return tuple(
        flux_status(ref, body)
        for ref, body in sorted(live.items(), key=lambda pair: _flux_namespace_first(pair[0]))
        if any(group in ref.api_version for group in _FLUX_GROUPS)
    )


def flux_status(ref: ObjectRef, body: Mapping[str, Any]) -> FluxStatus:
    """Return the status of a Kustomization or a source."""
    status = body.get("status") or {}
    revision = next((str(status[key]) for key in _REVISIONS if status.get(key)), "")
    if not revision:
        revision = str((status.get("artifact") or {}).get("revision", ""))
    suspended = (body.get("spec") or {}).get("suspend") is True
    return FluxStatus(ref, readiness_of(body), revision, suspended)


def _flux_namespace_first(ref: ObjectRef) -> tuple[bool, str, str]:
    return ref.namespace != FLUX_NAMESPACE, ref.kind, ref.name


def _quotas(
    wanted: Iterable[ManifestObject], live: Mapping[ObjectRef, Mapping[str, Any]], namespace: str
) -> Iterator[QuotaStatus]:
    """Yield the quota's resources with a limit or a use above 0; the others only forbid a resource."""
    asked = {
        item.name: (item.body.get("spec") or {}).get("hard") or {}
        for item in wanted
        if item.kind == "ResourceQuota"
    }
    for ref, body in sorted(live.items()):
        if ref.kind != "ResourceQuota" or ref.namespace != namespace:
            continue
        hard = (body.get("spec") or {}).get("hard") or {}
        used = (body.get("status") or {}).get("used") or {}
        for resource in sorted(hard):
            has, limit = str(used.get(resource, "0")), str(hard[resource])
            if quantity_value(has) or quantity_value(limit):
                want = asked.get(ref.name, {}).get(resource)
                yield QuotaStatus(ref.name, resource, has, limit, None if want is None else str(want))


def _queue(name: str, live: Mapping[ObjectRef, Mapping[str, Any]]) -> QueueStatus:
    body = _one(live, "ClusterQueue", name)
    status = (body or {}).get("status") or {}
    stop = str(((body or {}).get("spec") or {}).get("stopPolicy", "None"))
    return QueueStatus(
        name,
        readiness_of(body),
        pending=int(status.get("pendingWorkloads", 0)),
        admitted=int(status.get("admittedWorkloads", 0)),
        stopped=stop != "None",
    )


def _accelerator(
    tenancy: Tenancy, grant: Grant, live: Mapping[ObjectRef, Mapping[str, Any]], name: str
) -> AcceleratorStatus:
    resource, used, borrowed = grant.pool.resource, None, 0
    if tenancy.has("kueue"):
        used, borrowed = _usage(_one(live, "ClusterQueue", name), grant.pool.name, resource)
    elif resource not in tenancy.platform.shared_resources:
        used = _counted(live, name, f"requests.{resource}")
    return AcceleratorStatus(grant.pool.id, resource, grant.quota, grant.borrow, used, borrowed)


def _usage(queue: Mapping[str, Any] | None, flavor: str, resource: str) -> tuple[int | None, int]:
    """Return how much of a flavor the queue uses, and how much of that is borrowed."""
    for used in ((queue or {}).get("status") or {}).get("flavorsUsage") or ():
        if used.get("name") == flavor:
            for each in used.get("resources") or ():
                if each.get("name") == resource:
                    return tuple(  # type: ignore[return-value]
                        int(quantity_value(str(each.get(key, 0)))) for key in ("total", "borrowed")
                    )
    return None, 0


def _counted(live: Mapping[ObjectRef, Mapping[str, Any]], namespace: str, key: str) -> int | None:
    for ref, body in live.items():
        if ref.kind == "ResourceQuota" and ref.namespace == namespace:
            used = ((body.get("status") or {}).get("used") or {}).get(key)
            if used is not None:
                return int(quantity_value(str(used)))
    return None


def _identities(tenancy: Tenancy, live: Mapping[ObjectRef, Mapping[str, Any]]) -> Iterator[IdentityStatus]:
    if not tenancy.has("spire-controller-manager"):
        return
    for identity in tenancy.identities:
        body = _one(live, "ClusterSPIFFEID", identity.resource_name)
        stats = ((body or {}).get("status") or {}).get("stats")
        counts: dict[str, int | None] = {"pods": None, "entries": None, "failures": None}
        if stats:
            counts = {
                "pods": int(stats.get("podsSelected", 0)),
                "entries": int(stats.get("entriesToSet", 0)),
                "failures": int(stats.get("entryFailures", 0)) + int(stats.get("podEntryRenderFailures", 0)),
            }
        yield IdentityStatus(identity.service_account, identity.spiffe_id, body is not None, **counts)


def _scaler(body: Mapping[str, Any]) -> ScalerStatus:
    def is_true(kind: str) -> bool:
        return (condition_of(body, kind) or {}).get("status") == "True"

    return ScalerStatus(
        ObjectRef.of(body), readiness_of(body), is_true("Active"), is_true("Fallback"), is_true("Paused")
    )


def _one(live: Mapping[ObjectRef, Mapping[str, Any]], kind: str, name: str) -> Mapping[str, Any] | None:
    return next((body for ref, body in live.items() if (ref.kind, ref.name) == (kind, name)), None)


def _readiness_reasons(readiness: Readiness, what: object) -> Iterator[tuple[Health, str]]:
    if readiness.state is ReadinessState.PROGRESSING:
        yield Health.PROGRESSING, f"{what}: {readiness.message}"
    elif readiness.state is not ReadinessState.READY:
        yield Health.DEGRADED, f"{what}: {readiness.message}"


def _flux_reasons(flux: Iterable[FluxStatus]) -> Iterator[tuple[Health, str]]:
    for each in flux:
        if each.suspended:
            yield Health.DEGRADED, f"{each.object} is suspended"
        else:
            yield from _readiness_reasons(each.readiness, each.object)


def _drift_reasons(drift: ClusterChangeSet) -> Iterator[tuple[Health, str]]:
    if drifted := drift.drifted:
        shown = ", ".join(str(change.object) for change in drifted[:_SHOWN])
        more = f" and {len(drifted) - _SHOWN} more" if len(drifted) > _SHOWN else ""
        verb = "differs" if len(drifted) == 1 else "differ"
        yield Health.DEGRADED, f"{shown}{more} {verb} from the repository"


def _queue_reasons(queue: QueueStatus | None) -> Iterator[tuple[Health, str]]:
    if queue is not None and not queue.stopped:
        yield from _readiness_reasons(queue.readiness, f"queue {queue.name}")


def _identity_reasons(identities: Iterable[IdentityStatus]) -> Iterator[tuple[Health, str]]:
    for identity in identities:
        if not identity.present:
            yield (
                Health.DEGRADED,
                f"identity of {identity.service_account}: its ClusterSPIFFEID does not exist",
            )
        elif identity.failures:
            yield (
                Health.DEGRADED,
                f"identity of {identity.service_account}: {identity.failures} entries failed",
            )


def _scaler_reasons(scalers: Iterable[ScalerStatus]) -> Iterator[tuple[Health, str]]:
    for scaler in scalers:
        if scaler.fallback:
            yield Health.DEGRADED, f"{scaler.object} reads no metrics and has fallen back"
        elif not scaler.paused:
            yield from _readiness_reasons(scaler.readiness, scaler.object)
