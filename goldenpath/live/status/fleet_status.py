"""The story: what ought to be there, what is, and what that says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.cluster import Action, Change, ChangeSet, ObjectRef, drift
from goldenpath.live.status.cluster_reading import read
from goldenpath.live.status.status_values import ClusterStatus
from goldenpath.live.status.tenant_assessment import flux_status, tenant_status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from goldenpath.cluster import Cluster
    from goldenpath.manifests import ManifestObject
    from goldenpath.tenancy import Tenancy

__all__ = ["Expected", "status"]


@dataclass(frozen=True, slots=True)
class Expected:
    """A tenant on a cluster: what it asks for, and the objects that ought to be there, as the repository has them."""

    tenancy: Tenancy
    objects: tuple[ManifestObject, ...]


def status(name: str, expected: Sequence[Expected], cluster: Cluster) -> ClusterStatus:
    """How tenants are on a cluster. Changes nothing.

    Args:
        name: the cluster's name in the fleet.
        expected: its tenants.
        cluster: a connection to it.

    Raises:
        ClusterUnavailableError: the API server does not answer.
        ClusterError: the user may not read what is needed; the message names it.

    """
    objects = [item for each in expected for item in each.objects]
    live = read(cluster, objects, [each.tenancy.name for each in expected])
    drifted = {change.object: change for change in drift(cluster, objects, live.rendered).changes}
    tenants = []
    for each in expected:
        there = live.of_tenant(each.tenancy.name)
        changes = _changes(each, there, drifted)
        scalers = live.scalers.get(each.tenancy.name, ())
        tenants.append(tenant_status(each.tenancy, each.objects, there, scalers, changes))
    roots = tuple(flux_status(ObjectRef.of(body), body) for body in live.roots)
    return ClusterStatus(name, roots, tuple(tenants))


def _changes(
    expected: Expected,
    there: Mapping[ObjectRef, Mapping[str, Any]],
    drifted: Mapping[ObjectRef, Change],
) -> ChangeSet:
    """The tenant's part of the drift, with what is there and is not in the repository."""
    refs = [ObjectRef.of(item.body) for item in expected.objects]
    known = {(ref.kind, ref.namespace, ref.name) for ref in refs}
    extra = [
        Change(ref, Action.EXTRA)
        for ref, body in sorted(there.items())
        if (ref.kind, ref.namespace, ref.name) not in known and not body["metadata"].get("ownerReferences")
    ]
    return ChangeSet((*(drifted[ref] for ref in refs), *extra))
