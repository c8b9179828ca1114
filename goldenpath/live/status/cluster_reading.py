"""Reads the objects for the status from a cluster: one list for each kind, for any number of tenants."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.cluster import ObjectRef
from goldenpath.live.desired_objects import MANAGED
from goldenpath.live.stale_objects import rendered_resources
from goldenpath.spec.ref import Ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.cluster import ClusterClient
    from goldenpath.manifests import ManifestObject

__all__ = ["FLUX_NAMESPACE", "LiveObjects", "read"]

FLUX_NAMESPACE: Final = "flux-system"
_ROOTS: Final = (
    ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
    ("source.toolkit.fluxcd.io/v1", "GitRepository"),
)
_SCALERS: Final = (("keda.sh/v1alpha1", "ScaledObject"), ("keda.sh/v1alpha1", "ScaledJob"))


@dataclass(frozen=True)
class LiveObjects:
    """Objects from the server: rendered ones, Flux's root objects, and scalers by namespace."""

    rendered: Mapping[ObjectRef, Mapping[str, Any]] = field(default_factory=dict)
    roots: tuple[Mapping[str, Any], ...] = ()
    scalers: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)

    def of(self, wanted: Ref) -> dict[ObjectRef, Mapping[str, Any]]:
        """Return the objects with the labels of a tenant, without its workloads, or of a workload."""
        return self._by_owner.get(wanted, {})

    @cached_property
    def _by_owner(self) -> Mapping[Ref, dict[ObjectRef, Mapping[str, Any]]]:
        found: defaultdict[Ref, dict[ObjectRef, Mapping[str, Any]]] = defaultdict(dict)
        for ref, body in self.rendered.items():
            labels = body["metadata"]["labels"]
            tenant, workload = labels[names.TENANT], labels.get(names.WORKLOAD)
            found[Ref.of_workload(tenant, workload) if workload else Ref.of_tenant(tenant)][ref] = body
        return found


def read(cluster: ClusterClient, objects: Iterable[ManifestObject], tenants: Iterable[str]) -> LiveObjects:
    """Read the objects of some tenants.

    Args:
        cluster: the cluster.
        objects: the expected objects, whose kinds are read.
        tenants: names of tenants. For one, only its objects are read; for several, the objects of all tenants.

    Raises:
        ClusterUnavailableError: the server does not answer.
        ClusterError: this user may not read one of the kinds.
    """
    wanted = list(dict.fromkeys(tenants))
    only = wanted[0] if len(wanted) == 1 else None
    labels = f"{MANAGED},{names.TENANT}{f'={only}' if only else ''}"
    resources = rendered_resources(cluster, objects)
    listed = cluster.each(lambda resource: list(cluster.all_of(resource, labels=labels)), resources)
    rendered = {ObjectRef.of(body): body for bodies in listed for body in bodies}
    scalers: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for body in _all(cluster, _SCALERS, only or ""):
        scalers[str(body["metadata"]["namespace"])].append(body)
    roots = (
        body
        for body in _all(cluster, _ROOTS, FLUX_NAMESPACE)
        if names.TENANT not in (body["metadata"].get("labels") or {})
    )
    return LiveObjects(
        rendered, tuple(roots), {name: tuple(scalers[name]) for name in wanted if name in scalers}
    )


def _all(
    cluster: ClusterClient, kinds: Iterable[tuple[str, str]], namespace: str
) -> tuple[Mapping[str, Any], ...]:
    found = (cluster.resources().get(*kind) for kind in kinds)
    resources = [resource for resource in found if resource is not None]
    listed = cluster.each(lambda resource: list(cluster.all_of(resource, namespace)), resources)
    return tuple(body for bodies in listed for body in bodies)
