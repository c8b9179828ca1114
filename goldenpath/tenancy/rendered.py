"""The rendering of one request on one cluster."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from goldenpath.manifests import ManifestObject, Manifests

__all__ = ["RenderedOnCluster"]

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True)
class RenderedOnCluster(Generic[R_co]):
    """A resolved request with its manifests on that cluster, its overrides applied.

    ``tenant_objects`` are the objects of a workload's tenant on the same cluster: the rights and limits that the
    workload is held to.
    """

    resolved: R_co
    manifests: Manifests
    tenant_objects: tuple[ManifestObject, ...] = ()

    @cached_property
    def objects(self) -> tuple[ManifestObject, ...]:
        """Its Kubernetes objects, for readers that change nothing; read once."""
        return self.manifests.objects()

    @cached_property
    def namespaces(self) -> dict[str, dict[str, Any]]:
        """Namespace objects of the tenant, by name, for objects whose Namespace is not among them."""
        return {item.name: item.body for item in self.tenant_objects if item.kind == "Namespace"}
