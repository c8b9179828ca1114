"""A workload on a cluster, with its tenant."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml, names
from goldenpath.spec.ref import Ref
from goldenpath.tenancy.repository_paths import CLUSTERS, RepositoryPaths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.spec.envelope import Envelope
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.tenancy.platform import Platform
    from goldenpath.tenancy.tenancy import Tenancy

__all__ = ["WorkloadOnCluster"]


@dataclass(frozen=True)
class WorkloadOnCluster:
    """One workload on one cluster. ``spec`` is its request; ``tenancy`` is its tenant on the cluster."""

    tenancy: Tenancy
    spec: Envelope

    @property
    def name(self) -> str:
        return self.spec.name

    @cached_property
    def ref(self) -> Ref:
        return Ref.of_workload(self.tenancy.name, self.spec.name)

    @property
    def namespace(self) -> str:
        """The namespace of the tenant."""
        return self.tenancy.name

    @property
    def platform(self) -> Platform:
        return self.tenancy.platform

    @property
    def fleet(self) -> FleetSpec:
        return self.tenancy.fleet

    @property
    def cluster_name(self) -> str:
        return self.tenancy.cluster_name

    @property
    def owner(self) -> str:
        """The Backstage group that owns the tenant."""
        return self.tenancy.tenant.owner

    @cached_property
    def is_retiring(self) -> bool:
        """Whether the workload or its tenant retires on this cluster."""
        return self.tenancy.is_retiring or self.spec.is_retiring_on(self.cluster_name)

    @cached_property
    def labels(self) -> dict[str, str]:
        """Labels of every object of the workload."""
        return {**self.tenancy.labels, names.WORKLOAD: self.name}

    @property
    def startup_timeout(self) -> str | None:
        """The timeout until the workload is ready; None if the golden path sets it."""
        return None

    @property
    def ends(self) -> bool:
        """Whether the workload is a run that ends. Its Kustomization does not wait for the end."""
        return False

    @cached_property
    def cluster_folder(self) -> str:
        """The folder of the workload's objects, relative to the folder of the cluster."""
        folder = RepositoryPaths(self.ref, self.platform.layout).folder(self.cluster_name)
        return folder.removeprefix(f"{CLUSTERS}/{self.cluster_name}/")

    @property
    def kustomization(self) -> str:
        """The name of the workload's Flux Kustomization. Neither part has a dot, so two never collide."""
        return f"{self.tenancy.name}.{self.name}"

    @property
    def catalog_name(self) -> str:
        """The name of the Backstage Component."""
        return self.ref.entity_name

    def words(self, everywhere: Sequence[WorkloadOnCluster]) -> dict[str, Any]:
        return {
            "name": self.name,
            "namespace": kubeyaml.scalar(self.namespace),
            "workload": self,
            "workloads": everywhere,
            "tenant": self.tenancy.tenant,
            "tenancy": self.tenancy,
        }
