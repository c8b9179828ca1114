"""The accelerators of a tenant on one cluster, and the quota keys that limit them.

A Pod can request an accelerator in several ways, and each ResourceQuota key limits only one way. So the way that the
fleet allocates gets the number, and all other ways get 0. The API server also accepts keys that it never enforces, so
only keys that Kubernetes 1.36 enforces (observed) are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.accelerators import Accelerator, DeviceSharing, MigStrategy, SharingMode, Taint, catalogue
from goldenpath.spec.pools import pools_by_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from goldenpath.accelerators import Catalogue
    from goldenpath.spec.cluster_spec import AcceleratorPool

__all__ = ["Grant", "Pool", "accelerator_quota", "pools_of", "quota_keys"]

IMPLICIT_PREFIX = "deviceclass.resource.kubernetes.io/"
"""The prefix of the extended resource that requests a DeviceClass without a claim (KEP-5004)."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The accelerators of one kind on a cluster.

    ``id`` is the profile, with ``@`` and the pool name if the cluster has several pools of the profile. ``count`` is the
    number of devices or slices, times the Pods that share each. ``lend`` of them belong to no tenant: the Cohort lends
    them. ``resource`` is the extended resource that a Pod requests; with dynamic resource allocation (``dra``), it is the
    implicit resource of the DeviceClass. ``node_labels`` are the labels of the nodes with all their values.
    """

    id: str
    accelerator: Accelerator
    count: int
    lend: int
    dra: bool
    resource: str
    node_labels: Mapping[str, tuple[str, ...]]
    sharing: DeviceSharing | None

    @property
    def name(self) -> str:
        """The name of the DeviceClass and the ResourceFlavor, a DNS subdomain."""
        return _device_class(self.id, self.accelerator)

    @property
    def title(self) -> str:
        """The name for people."""
        own = self.id.partition("@")[2]
        return f"{self.accelerator.title} ({own})" if own else self.accelerator.title

    @property
    def ownable(self) -> int:
        """The number of accelerators that all tenants together may own."""
        return self.count - self.lend

    @property
    def taint(self) -> Taint | None:
        """The taint of nodes with these accelerators."""
        return catalogue().vendor(self.accelerator.vendor).taint

    @property
    def quota_keys(self) -> tuple[str, ...]:
        """The quota keys that limit a tenant's number of these accelerators."""
        return _class_keys(self.name) if self.dra else (f"requests.{self.resource}",)

    @property
    def selector(self) -> dict[str, str]:
        """The node labels, each with its first and most common value."""
        return {label: values[0] for label, values in self.node_labels.items()}


@dataclass(frozen=True, slots=True)
class Grant:
    """The accelerators of a pool that a tenant owns and may borrow."""

    pool: Pool
    quota: int
    borrow: int


def pools_of(pools: Sequence[AcceleratorPool], profiles: Catalogue) -> tuple[Pool, ...]:
    """Return the pools of a cluster, with their accelerators from the fleet's catalogue."""
    return tuple(_pool(id_, pool, profiles) for id_, pool in pools_by_id(pools).items())


def _pool(id_: str, pool: AcceleratorPool, profiles: Catalogue) -> Pool:
    accelerator = profiles.get(pool.profile)
    if accelerator is None:  # the parser refuses a fleet with an unknown profile
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
    """Return the two enforced keys of a DeviceClass: for claims, and for claims and implicit requests together."""
    return f"{device_class}.deviceclass.resource.k8s.io/devices", f"requests.{IMPLICIT_PREFIX}{device_class}"


def quota_keys(pools: Iterable[Pool], profiles: Catalogue) -> tuple[str, ...]:
    """Return every quota key for the accelerators of a cluster, sorted.

    The whole devices of each vendor are always included, because nodes may exist before the fleet lists them, and a
    resource without a key is unlimited. A policy refuses claims of a DeviceClass without a key.
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
    """Return the ``hard`` of the ResourceQuota: granted keys with their number, all other keys with 0.

    Args:
        keys: every key of the cluster (:func:`quota_keys`).
        grants: the accelerators of the tenant.
        borrowing: whether the cluster has queues. Without them, a tenant cannot borrow.
    """
    hard = dict.fromkeys(keys, 0)
    for grant in grants:
        number = grant.quota + (grant.borrow if borrowing else 0)
        for key in grant.pool.quota_keys:
            hard[key] += number
    return hard
