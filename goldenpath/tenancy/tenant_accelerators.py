"""A tenant's accelerators on one cluster, and the quota keys that hold it to them.

A ResourceQuota key caps one *way of asking*, not the sum of all ways, and a server accepts keys that it
never enforces. So the way that the fleet allocates gets the number and every other way gets 0; only keys
that a Kubernetes 1.36 API server was seen to enforce are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.accelerators import Accelerator, DeviceSharing, MigStrategy, SharingMode, Taint, catalogue
from goldenpath.spec.pools import pools_by_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from goldenpath.accelerators import Catalogue
    from goldenpath.spec.fleet_spec import AcceleratorPool

__all__ = ["Grant", "Pool", "accelerator_quota", "pools_of", "quota_keys"]

IMPLICIT_PREFIX = "deviceclass.resource.kubernetes.io/"
"""Prefix of the extended resource by which a Pod asks for a DeviceClass without a claim (KEP-5004)."""


@dataclass(frozen=True, slots=True)
class Pool:
    """One kind of accelerator on a cluster: what a Pod asks for, and where it is."""

    id: str
    """Its profile, with its own name behind an ``@`` where the cluster has several of that profile."""
    accelerator: Accelerator
    count: int
    """Devices, or slices, times the Pods that share each."""
    lend: int
    """How many of them no tenant owns: the Cohort lends them."""
    dra: bool
    resource: str
    """Extended resource that a Pod requests; for dynamic resource allocation the implicit one of the class."""
    node_labels: Mapping[str, tuple[str, ...]]
    """Labels of its nodes, each with the values that occur."""
    sharing: DeviceSharing | None

    @property
    def name(self) -> str:
        """Name of its DeviceClass and ResourceFlavor: a DNS subdomain."""
        return _device_class(self.id, self.accelerator)

    @property
    def title(self) -> str:
        """What people call it."""
        own = self.id.partition("@")[2]
        return f"{self.accelerator.title} ({own})" if own else self.accelerator.title

    @property
    def ownable(self) -> int:
        """How many of them tenants may own together."""
        return self.count - self.lend

    @property
    def taint(self) -> Taint | None:
        """The taint that keeps its nodes for accelerators."""
        return catalogue().vendor(self.accelerator.vendor).taint

    @property
    def quota_keys(self) -> tuple[str, ...]:
        """The quota keys that hold a tenant to its number of these."""
        return _class_keys(self.name) if self.dra else (f"requests.{self.resource}",)

    @property
    def selector(self) -> dict[str, str]:
        """Labels with one value each: the first, which is the commonest."""
        return {label: values[0] for label, values in self.node_labels.items()}


@dataclass(frozen=True, slots=True)
class Grant:
    """What a tenant has of a pool."""

    pool: Pool
    quota: int
    borrow: int


def pools_of(pools: Sequence[AcceleratorPool], profiles: Catalogue) -> tuple[Pool, ...]:
    """The pools of a cluster, looked up in the fleet's catalogue."""
    return tuple(_pool(id_, pool, profiles) for id_, pool in pools_by_id(pools).items())


def _pool(id_: str, pool: AcceleratorPool, profiles: Catalogue) -> Pool:
    accelerator = profiles.get(pool.profile)
    if accelerator is None:  # an accepted fleet names only what is in the catalogue
        raise KeyError(pool.profile)
    mig = MigStrategy(pool.mig_strategy) if pool.mig_strategy else None
    sharing = (
        DeviceSharing(
            mode=SharingMode(pool.sharing.mode), replicas=pool.sharing.replicas, rename=pool.sharing.rename
        )
        if pool.sharing
        else None
    )
    dra = pool.allocation == "dra"
    if pool.node_labels:
        labels: Mapping[str, tuple[str, ...]] = {key: (value,) for key, value in pool.node_labels.items()}
    else:
        labels = accelerator.node_labels(mig_strategy=mig, sharing=sharing)
    return Pool(
        id=id_,
        lend=pool.lend,
        accelerator=accelerator,
        count=pool.count * (sharing.replicas if sharing else 1),
        dra=dra,
        resource=f"{IMPLICIT_PREFIX}{_device_class(id_, accelerator)}"
        if dra
        else accelerator.resource_name(mig_strategy=mig, sharing=sharing),
        node_labels=labels,
        sharing=sharing,
    )


def _device_class(id_: str, accelerator: Accelerator) -> str:
    own = id_.partition("@")[2]
    return f"{accelerator.device_class}.{own}" if own else accelerator.device_class


def _class_keys(device_class: str) -> tuple[str, str]:
    """The two enforced keys of a DeviceClass: its claims, and its claims and implicit requests together."""
    return f"{device_class}.deviceclass.resource.k8s.io/devices", f"requests.{IMPLICIT_PREFIX}{device_class}"


def quota_keys(pools: Iterable[Pool], profiles: Catalogue) -> tuple[str, ...]:
    """Every key by which the accelerators of a cluster could be asked for, sorted.

    Each vendor's whole devices are always among them: nodes may be there before the fleet says so, and what no
    key names is unlimited. (Of a DeviceClass that no key names, a policy refuses the claims.)
    """
    resources = {name for maker in profiles.vendors for name in maker.base_resource_names}
    classes: set[str] = set()
    for pool in pools:
        maker = profiles.vendor(pool.accelerator.vendor)
        resources.update(profiles.resource_names_of(pool.accelerator.model))
        classes.update(maker.device_classes, (pool.name,) if pool.dra else ())
    keys = [f"requests.{resource}" for resource in resources]
    keys += [key for device_class in classes for key in _class_keys(device_class)]
    return tuple(sorted(keys))


def accelerator_quota(keys: Iterable[str], grants: Iterable[Grant], *, borrowing: bool) -> dict[str, int]:
    """The ``hard`` of the ResourceQuota: granted ways of asking with their number, all others with 0.

    Args:
        keys: every way of asking on the cluster (:func:`quota_keys`).
        grants: what the tenant may use.
        borrowing: whether a queue lends what others leave idle; without one, what is borrowed is not there.

    """
    hard = dict.fromkeys(keys, 0)
    for grant in grants:
        number = grant.quota + (grant.borrow if borrowing else 0)
        for key in grant.pool.quota_keys:
            hard[key] += number
    return hard
