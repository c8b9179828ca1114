"""Finds objects on a cluster that an earlier rendering had and the current one does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.check import known_kinds
from goldenpath.cluster import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.cluster import ClusterClient
    from goldenpath.cluster.discovery import Resource
    from goldenpath.manifests import ManifestObject

__all__ = ["rendered_resources", "stale_objects"]

_WORKLOADS: Final = frozenset({"Pod", "Deployment", "StatefulSet", "Job", "CronJob", "PersistentVolumeClaim"})
"""Kinds with thousands of objects on a cluster, which are never rendered."""


def rendered_resources(cluster: ClusterClient, objects: Iterable[ManifestObject]) -> tuple[Resource, ...]:
    """Return the kinds that golden paths render and the cluster has: those of the objects, and the known ones."""
    kinds = {(item.api_version, item.kind) for item in objects}
    for known in known_kinds():
        version, _, kind = known.rpartition("/")
        if kind not in _WORKLOADS:
            kinds.add((version, kind))
    found = (cluster.resources().get(version, kind) for version, kind in sorted(kinds))
    return tuple(resource for resource in found if resource is not None)


def stale_objects(
    cluster: ClusterClient, objects: Iterable[ManifestObject], selector: str
) -> tuple[ObjectRef, ...]:
    """Return references to objects with goldenpath's labels that are not rendered, in order.

    Raises:
        ClusterError: this user may not list one of the kinds.
    """
    wanted = list(objects)
    known = {(ref.kind, ref.namespace, ref.name) for ref in (ObjectRef.of(item.body) for item in wanted)}
    resources = rendered_resources(cluster, wanted)
    listed = cluster.each(lambda resource: list(cluster.all_of(resource, labels=selector)), resources)
    found = {
        ref
        for bodies in listed
        for body in bodies
        if not body["metadata"].get("deletionTimestamp") and not body["metadata"].get("ownerReferences")
        for ref in (ObjectRef.of(body),)
    }
    return tuple(sorted(ref for ref in found if (ref.kind, ref.namespace, ref.name) not in known))
