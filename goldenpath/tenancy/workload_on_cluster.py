"""A workload on a cluster: its request, within what its tenant has there."""

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
    """One workload on one cluster. ``spec`` is its request; ``tenancy`` is its tenant there."""

    tenancy: Tenancy
    spec: Envelope

    @property
    def name(self) -> str:
        """The workload's name."""
        return self.spec.name

    @cached_property
    def ref(self) -> Ref:
        """What it is."""
        return Ref.of_workload(self.tenancy.name, self.spec.name)

    @property
    def namespace(self) -> str:
        """The namespace that it runs in, which is its tenant's."""
        return self.tenancy.name

    @property
    def platform(self) -> Platform:
        """The cluster."""
        return self.tenancy.platform

    @property
    def fleet(self) -> FleetSpec:
        """The fleet."""
        return self.tenancy.fleet

    @property
    def cluster_name(self) -> str:
        """The cluster's name."""
        return self.tenancy.cluster_name

    @property
    def owner(self) -> str:
        """Backstage group that owns it: its tenant's."""
        return self.tenancy.tenant.owner

    @cached_property
    def is_retiring(self) -> bool:
        """Whether it is being retired here, or its tenant is."""
        return self.tenancy.is_retiring or self.spec.is_retiring_on(self.cluster_name)

    @cached_property
    def labels(self) -> dict[str, str]:
        """Labels of every object of the workload."""
        return {**self.tenancy.labels, names.WORKLOAD: self.name}

    @property
    def startup_timeout(self) -> str | None:
        """How long it may take to become ready, where its kind can tell; None where the golden path says it."""
        return None

    @property
    def ends(self) -> bool:
        """Whether it is a run that ends, and no server: its Kustomization does not wait for the end."""
        return False

    @cached_property
    def cluster_folder(self) -> str:
        """The folder of its objects below that of the cluster, for a template tree in which both have a folder."""
        folder = RepositoryPaths(self.ref, self.platform.layout).folder(self.cluster_name)
        return folder.removeprefix(f"{CLUSTERS}/{self.cluster_name}/")

    @property
    def kustomization(self) -> str:
        """Name of the Flux Kustomization that applies it; the dot is in neither part, so that no two collide."""
        return f"{self.tenancy.name}.{self.name}"

    @property
    def catalog_name(self) -> str:
        """Name of the Backstage Component."""
        return self.ref.entity_name

    def words(self, everywhere: Sequence[WorkloadOnCluster]) -> dict[str, Any]:
        """The words of a workload's templates."""
        return {
            "name": self.name,
            "namespace": kubeyaml.scalar(self.namespace),
            "workload": self,
            "workloads": everywhere,
            "tenant": self.tenancy.tenant,
            "tenancy": self.tenancy,
        }
