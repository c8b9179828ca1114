"""Finds objects on a cluster that were rendered once, and are no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.check import known_kinds
from goldenpath.cluster import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.cluster import ClusterClient
    from goldenpath.cluster.discovery import Resource
    from goldenpath.manifests import ManifestObject

__all__ = ["extras", "rendered_resources"]

_WORKLOADS: Final = frozenset({"Pod", "Deployment", "StatefulSet", "Job", "CronJob", "PersistentVolumeClaim"})
"""Kinds with thousands of objects on a cluster that are never rendered."""


def rendered_resources(cluster: ClusterClient, objects: Iterable[ManifestObject]) -> tuple[Resource, ...]:
    """Every kind that golden paths render, and the cluster has: those of the objects, and those that we know."""
    kinds = {(item.api_version, item.kind) for item in objects}
    for known in known_kinds():
        version, _, kind = known.rpartition("/")
        if kind not in _WORKLOADS:
            kinds.add((version, kind))
    found = (cluster.resources().get(version, kind) for version, kind in sorted(kinds))
    return tuple(resource for resource in found if resource is not None)


def extras(cluster: ClusterClient, objects: Iterable[ManifestObject], selector: str) -> tuple[ObjectRef, ...]:
    """References to what carries our labels and is not among the objects, in order.

    A kind that this user may not list is an error, and not an empty list.

    Raises:
        ClusterError: of the cluster's.

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
