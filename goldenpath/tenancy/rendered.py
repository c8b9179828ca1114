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
    """A resolved request with its manifests on one cluster, with overrides applied.

    ``tenant_objects`` are the objects of a workload's tenant on the cluster, with the rights and limits that apply to
    the workload.
    """

    resolved: R_co
    manifests: Manifests
    tenant_objects: tuple[ManifestObject, ...] = ()

    @cached_property
    def objects(self) -> tuple[ManifestObject, ...]:
        """The Kubernetes objects, parsed once. Callers must not change them."""
        return self.manifests.objects()

    @cached_property
    def namespaces(self) -> dict[str, dict[str, Any]]:
        """The bodies of the tenant's Namespaces by name, for a workload whose objects have no Namespace."""
        return {item.name: item.body for item in self.tenant_objects if item.kind == "Namespace"}
