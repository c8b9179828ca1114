"""Derives the status of tenants and workloads from the expected and the live objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.cluster import Change, ClusterChangeSet, ObjectAction, ObjectRef, drift
from goldenpath.live.status.cluster_reading import read
from goldenpath.live.status.status_values import ClusterStatus
from goldenpath.live.status.tenant_assessment import flux_status, tenant_status, workload_status
from goldenpath.tenancy import WorkloadOnCluster

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from goldenpath.cluster import ClusterClient
    from goldenpath.manifests import ManifestObject
    from goldenpath.tenancy import Tenancy

__all__ = ["Expected", "status"]


@dataclass(frozen=True, slots=True)
class Expected:
    """A tenant or workload on a cluster, and its objects in the repository."""

    resolved: Tenancy | WorkloadOnCluster
    objects: tuple[ManifestObject, ...]


def status(name: str, expected: Sequence[Expected], cluster: ClusterClient) -> ClusterStatus:
    """Return the status of tenants and workloads on a cluster, without a change.

    Args:
        name: the cluster's name in the fleet.
        expected: its tenants and workloads.
        cluster: a connection to the cluster.

    Raises:
        ClusterUnavailableError: the API server does not answer.
        ClusterError: the user may not read one of the kinds; the message names it.
    """
    objects = [item for each in expected for item in each.objects]
    live = read(cluster, objects, [each.resolved.ref.namespace for each in expected])
    drifted = {change.object: change for change in drift(cluster, objects, live.rendered).changes}
    tenants, workloads = [], []
    for each in expected:
        owned = live.of(each.resolved.ref)
        changes = _changes(each, owned, drifted)
        if isinstance(each.resolved, WorkloadOnCluster):
            workloads.append(workload_status(each.resolved, owned, changes))
        else:
            scalers = live.scalers.get(each.resolved.name, ())
            tenants.append(tenant_status(each.resolved, each.objects, owned, scalers, changes))
    roots = tuple(flux_status(ObjectRef.of(body), body) for body in live.roots)
    return ClusterStatus(name, roots, tuple(tenants), tuple(workloads))


def _changes(
    expected: Expected,
    owned: Mapping[ObjectRef, Mapping[str, Any]],
    drifted: Mapping[ObjectRef, Change],
) -> ClusterChangeSet:
    """Return the drift of one tenant or workload, including live objects that are not in the repository."""
    refs = [ObjectRef.of(item.body) for item in expected.objects]
    known = {(ref.kind, ref.namespace, ref.name) for ref in refs}
    extra = [
        Change(ref, ObjectAction.EXTRA)
        for ref, body in sorted(owned.items())
        if (ref.kind, ref.namespace, ref.name) not in known and not body["metadata"].get("ownerReferences")
    ]
    return ClusterChangeSet((*(drifted[ref] for ref in refs), *extra))
