"""Adopts a namespace that was made by hand: derives its request, and the changes that a publish would make.

The namespace is read from the cluster. :mod:`goldenpath.adoption` derives the request, which is rendered and compared
with the cluster. Nothing is changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption import derive
from goldenpath.cluster import ObjectRef, managers_of
from goldenpath.errors import ClusterError, InputError
from goldenpath.intake import parse
from goldenpath.live.desired_objects import DesiredObjects
from goldenpath.live.live_diff import LiveDiff, diff
from goldenpath.live.refused_pods import refused_objects
from goldenpath.manifests import ManifestObject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from goldenpath.adoption import Adoption
    from goldenpath.cluster import ClusterClient, ManagedBy, Resource
    from goldenpath.pipeline import Pipeline

__all__ = ["FoundNamespace", "LiveAdoption", "adopt", "find"]

_FORBIDDEN: Final = 403
_NAMING: Final = (
    ("kueue.x-k8s.io", "ResourceFlavor"),
    ("kueue.x-k8s.io", "ClusterQueue"),
    ("spire.spiffe.io", "ClusterSPIFFEID"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
)
"""Cluster-scoped kinds that may name a namespace."""
_FLUX: Final = (
    ("kustomize.toolkit.fluxcd.io", "Kustomization"),
    ("helm.toolkit.fluxcd.io", "HelmRelease"),
    ("source.toolkit.fluxcd.io", "GitRepository"),
    ("source.toolkit.fluxcd.io", "OCIRepository"),
)
_NOISE: Final = frozenset(
    {
        "Binding",
        "ControllerRevision",
        "Event",
        "Lease",
        "LocalSubjectAccessReview",
        "PodMetrics",
        "Workload",
    }
)
"""Kinds that controllers create, and people do not write."""


@dataclass(frozen=True, slots=True)
class FoundNamespace:
    """The objects of a namespace on a cluster; Secrets without values. ``unread`` are kinds that this user may not list."""

    objects: tuple[ManifestObject, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveAdoption:
    """A derived request, the kinds that could not be read, and the changes of a publish.

    ``diff`` is None if the request is not valid yet, or without connections to clusters. Its fields name their current
    managers. ``managers`` are the managers of each object that a publish would change, with the number of their fields.
    """

    adoption: Adoption
    unread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    diff: LiveDiff | None = None
    managers: Mapping[str, Mapping[ObjectRef, tuple[ManagedBy, ...]]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "format": "live-adoption/v1",
            "request": self.adoption.request,
            "text": self.adoption.text,
            "sources": dict(self.adoption.sources),
            "leftovers": [
                {
                    "cluster": each.cluster,
                    "object": each.object,
                    "field": each.field,
                    "todo": each.todo.value,
                    "what": each.what,
                    "advice": each.advice,
                    "objects": list(each.objects),
                }
                for each in self.adoption.leftovers
            ],
            "findings": [each.as_dict() for each in self.adoption.findings],
            "unread": {cluster: list(kinds) for cluster, kinds in self.unread.items()},
            "diff": None if self.diff is None else self.diff.as_dict(),
            "managers": {
                cluster: [
                    {"object": ref.as_dict(), "managers": [each.as_dict() for each in managers]}
                    for ref, managers in objects.items()
                ]
                for cluster, objects in self.managers.items()
            },
        }


def find(cluster: ClusterClient, namespace: str) -> FoundNamespace:
    """Read all objects in a namespace, and cluster-scoped objects that may name it.

    Raises:
        InputError: the cluster has no such namespace.
        ClusterUnavailableError: the server does not answer.
        ClusterError: this user may not read the namespace. A kind that the user may not list is only reported.
    """
    spaces = cluster.find("v1", "Namespace")
    body = None if spaces is None else cluster.get(spaces, namespace)
    if body is None:
        raise InputError.of(
            "namespace", "unknown-namespace", f"is not on {cluster.context or 'the cluster'}", namespace
        )
    first = _first_versions(cluster.resources())
    inside = [
        resource
        for resource in first.values()
        if resource.namespaced and resource.listable and resource.kind not in _NOISE
    ]
    naming = [first[key] for key in _NAMING if key in first]
    flux = [first[key] for key in _FLUX if key in first]
    listed = [
        *cluster.each(partial(_listed, cluster, namespace), inside),
        *cluster.each(partial(_listed, cluster, ""), [*naming, *flux]),
    ]
    bodies = [found for bodies, _ in listed for found in bodies]
    unread = tuple(sorted({refused for _, refused in listed if refused}))
    return FoundNamespace(tuple(_manifests([body, *bodies], namespace)), unread)


def adopt(
    namespace: str,
    found: Mapping[str, FoundNamespace],
    pipeline: Pipeline,
    clusters: Mapping[str, ClusterClient] | None = None,
    *,
    given: Mapping[str, Any] | None = None,
    metadata_keys: Mapping[str, Sequence[str]] | None = None,
) -> LiveAdoption:
    """Derive the request, and compare its rendering with the clusters that have a connection.

    Args:
        namespace: the namespace's name, which becomes the tenant's.
        found: the objects of the namespace by cluster of the fleet, from :func:`find` or from files.
        pipeline: the fleet and the golden paths.
        clusters: connections for the comparison.
        given: fields from a person, which override derived ones.
        metadata_keys: the label and annotation keys of each field (:func:`goldenpath.adoption.derive`).

    Raises:
        InputError: no cluster was named, or one that the fleet does not have.
        ClusterError: the comparison failed.
    """
    objects = {cluster: each.objects for cluster, each in found.items()}
    adoption = derive(namespace, objects, pipeline.fleet, given=given, metadata_keys=metadata_keys)
    leftovers, findings = refused_objects(adoption.request, objects, pipeline)
    adoption = adoption.with_more(leftovers, findings)
    unread = {cluster: each.unread for cluster, each in found.items() if each.unread}
    try:
        tenant = parse(adoption.request, fleet=pipeline.fleet, library=pipeline.library)
    except InputError:  # the findings report it
        return LiveAdoption(adoption, unread)
    if not clusters:
        return LiveAdoption(adoption, unread)
    compared = diff(DesiredObjects.of(pipeline, tenant), clusters)
    return LiveAdoption(adoption, unread, compared, dict(_managers(compared, objects)))


def _first_versions(resources: Iterable[Resource]) -> dict[tuple[str, str], Resource]:
    """Return each kind once, in the version that the server prefers."""
    found: dict[tuple[str, str], Resource] = {}
    for resource in resources:
        found.setdefault((resource.group, resource.kind), resource)
    return found


def _listed(cluster: ClusterClient, namespace: str, resource: Resource) -> tuple[list[dict[str, Any]], str]:
    """Return the objects of a kind, or the kind's name if this user may not list it."""
    try:
        return list(cluster.all_of(resource, namespace)), ""
    except ClusterError as error:
        if error.code == _FORBIDDEN:
            return [], resource.kind
        raise


def _manifests(bodies: Iterable[dict[str, Any]], namespace: str) -> Iterator[ManifestObject]:
    for body in bodies:
        metadata = body.get("metadata") or {}
        elsewhere = metadata.get("namespace") not in {None, namespace}
        if elsewhere and (body.get("spec") or {}).get("targetNamespace") != namespace:
            continue
        if any(owner.get("controller") for owner in metadata.get("ownerReferences") or ()):
            continue  # created by an object that is read too
        if body.get("kind") == "Secret":  # its values are dropped; its type is not secret
            name = {"name": metadata.get("name"), "namespace": namespace}
            body = {"apiVersion": "v1", "kind": "Secret", "metadata": name, "type": body.get("type")}  # noqa: PLW2901
        yield ManifestObject("", body)


def _managers(
    compared: LiveDiff, objects: Mapping[str, Sequence[ManifestObject]]
) -> Iterator[tuple[str, dict[ObjectRef, tuple[ManagedBy, ...]]]]:
    for cluster, changes in compared.clusters.items():
        bodies = {ObjectRef.of(item.body): item.body for item in objects.get(cluster, ())}
        touched = (change.object for change in changes.changes if change.fields)
        yield cluster, {ref: managers_of(bodies[ref]) for ref in touched if ref in bodies}
