"""A workload on accelerators of its tenant: the accelerators, queue, nodes and service account."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from goldenpath.tenancy.workload_on_cluster import WorkloadOnCluster

if TYPE_CHECKING:
    from goldenpath.spec.inference_service import InferenceService
    from goldenpath.spec.model_pipeline import ModelPipeline
    from goldenpath.tenancy.spiffe_identity import WorkloadIdentity
    from goldenpath.tenancy.tenant_accelerators import Grant, Pool

__all__ = ["AcceleratedWorkload"]


@dataclass(frozen=True)
class AcceleratedWorkload(WorkloadOnCluster):
    """A workload with the fields ``accelerator`` and ``service_account``."""

    spec: InferenceService | ModelPipeline

    @cached_property
    def pool(self) -> Pool:
        """The pool of accelerators that the workload uses."""
        return self.platform.pool(self.spec.accelerator.profile, self.spec.accelerator.pool)

    @cached_property
    def grant(self) -> Grant | None:
        """The tenant's grant of this pool."""
        return next((grant for grant in self.tenancy.grants if grant.pool.id == self.pool.id), None)

    @property
    def queue(self) -> str | None:
        """The tenant's queue; None on a cluster without Kueue."""
        return self.tenancy.name if self.platform.has("kueue") else None

    @cached_property
    def pod_labels(self) -> dict[str, str]:
        return {**self.labels, **({"kueue.x-k8s.io/queue-name": self.queue} if self.queue else {})}

    @cached_property
    def node_selector(self) -> dict[str, str]:
        """A label of the nodes with the accelerator, if several accelerators share a resource name.

        Kueue tries all flavors of the tenant and uses one whose labels match this selector (kueue 0.19,
        ``pkg/scheduler/flavorassigner``). So with a queue the label is one that the flavor has.
        """
        if self.pool.dra or self.pool.resource not in self.platform.shared_resources:
            return {}
        telling = self.platform.telling_labels(self.pool)
        of_flavor = [pair for pair in telling if pair in self.pool.selector.items()]
        return dict((of_flavor if self.queue else telling)[:1])

    @property
    def narrowest_topology(self) -> str | None:
        """The label of the network domain that all Pods of one replica should share."""
        levels = [key for key in self.platform.cluster.topology if key != "kubernetes.io/hostname"]
        return levels[-1] if levels and self.queue else None

    @cached_property
    def account(self) -> str | None:
        """The requested service account, or else the tenant's account with the workload's name, or else None."""
        if self.spec.service_account is not None:
            return self.spec.service_account
        identity = self.tenancy.tenant.identity
        return self.name if identity is not None and self.name in identity.service_accounts else None

    @cached_property
    def identity(self) -> WorkloadIdentity | None:
        """The SPIFFE identity of the account; None on a cluster without SPIRE."""
        if not self.platform.has_spire:
            return None
        return next((each for each in self.tenancy.identities if each.service_account == self.account), None)
