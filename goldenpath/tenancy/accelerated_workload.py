"""A workload that runs on accelerators of its tenant: which, in which queue, on which nodes, and as which account."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from goldenpath.tenancy.workload_on_cluster import WorkloadOnCluster

if TYPE_CHECKING:
    from goldenpath.tenancy.spiffe_identity import WorkloadIdentity
    from goldenpath.tenancy.tenant_accelerators import Grant, Pool

__all__ = ["AcceleratedWorkload"]


class _Accelerator(Protocol):
    @property
    def profile(self) -> str: ...

    @property
    def pool(self) -> str | None: ...


@dataclass(frozen=True)
class AcceleratedWorkload(WorkloadOnCluster):
    """A workload with the fields ``accelerator`` and ``service_account``."""

    @property
    def asked_accelerator(self) -> _Accelerator:
        """The accelerator that the request names."""
        raise NotImplementedError

    @property
    def asked_account(self) -> str | None:
        """The service account that the request names."""
        raise NotImplementedError

    @cached_property
    def pool(self) -> Pool:
        """The accelerators that it runs on."""
        return self.platform.pool(self.asked_accelerator.profile, self.asked_accelerator.pool)

    @cached_property
    def grant(self) -> Grant | None:
        """What the tenant has of them."""
        return next((grant for grant in self.tenancy.grants if grant.pool.id == self.pool.id), None)

    @property
    def queue(self) -> str | None:
        """The tenant's queue; None where the cluster has none."""
        return self.tenancy.name if self.platform.has("kueue") else None

    @cached_property
    def pod_labels(self) -> dict[str, str]:
        """Labels of its Pods."""
        return {**self.labels, **({"kueue.x-k8s.io/queue-name": self.queue} if self.queue else {})}

    @cached_property
    def node_selector(self) -> dict[str, str]:
        """Labels of nodes with the right accelerator, where several share the name of a resource.

        Kueue tries all flavors of the tenant, and takes one whose labels fit this selector (kueue 0.19,
        ``pkg/scheduler/flavorassigner``). So the label is one that the flavor has.
        """
        if self.pool.dra or self.pool.resource not in self.platform.shared_resources:
            return {}
        telling = self.platform.telling_labels(self.pool)
        of_flavor = [pair for pair in telling if pair in self.pool.selector.items()]
        return dict((of_flavor if self.queue else telling)[:1])

    @property
    def narrowest_topology(self) -> str | None:
        """The network domain in which the Pods of one replica should be together."""
        levels = [key for key in self.platform.cluster.topology if key != "kubernetes.io/hostname"]
        return levels[-1] if levels and self.queue else None

    @cached_property
    def account(self) -> str | None:
        """The service account; None where none is asked for and the tenant declares none of the workload's name."""
        if self.asked_account is not None:
            return self.asked_account
        return self.name if self._is_declared(self.name) else None

    def _is_declared(self, account: str) -> bool:
        identity = self.tenancy.tenant.identity
        return identity is not None and account in identity.service_accounts

    @cached_property
    def identity(self) -> WorkloadIdentity | None:
        """Its SPIFFE identity, where the cluster gives any."""
        if not self.platform.has_spire:
            return None
        return next((each for each in self.tenancy.identities if each.service_account == self.account), None)
