"""The tenants and workloads of a fleet, and its accelerators."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.errors import InputError, Problem
from goldenpath.spec.group_ref import is_same_group
from goldenpath.spec.nearest import nearest
from goldenpath.spec.ref import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.repository.fleet_tree import FleetTree
    from goldenpath.repository.lock import Lock
    from goldenpath.repository.owned_files import OwnedFiles
    from goldenpath.repository.promises import Promises

__all__ = [
    "Capacity",
    "FleetSummary",
    "TenantSummary",
    "WorkloadSummary",
    "shown_share",
    "summarize",
]


@dataclass(frozen=True, slots=True)
class TenantSummary:
    """One tenant. ``gpus`` has the owned and the borrowable number by cluster and accelerator."""

    name: str
    owner: str | None
    golden_path: str | None
    clusters: tuple[str, ...]
    gpus: dict[str, dict[str, tuple[int, int]]]
    is_published: bool
    """Whether the manifests are rendered from the present request."""
    retiring: tuple[str, ...] | None = None
    """Clusters on which the request is on hold; None if the request was not read."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "name": self.name,
            "owner": self.owner,
            "golden_path": self.golden_path,
            "clusters": list(self.clusters),
            "gpus": _named(self.gpus, "quota", "borrow"),
            "published": self.is_published,
            **({} if self.retiring is None else {"retiring": list(self.retiring)}),
        }


@dataclass(frozen=True, slots=True)
class WorkloadSummary:
    """One workload. ``uses`` has the least and the most use by cluster and accelerator."""

    name: str
    """Tenant and workload: ``vision/chat``."""
    owner: str | None
    golden_path: str | None
    clusters: tuple[str, ...]
    uses: dict[str, dict[str, tuple[int, int]]]
    is_published: bool
    """Whether the manifests are rendered from the present request."""
    retiring: tuple[str, ...] | None = None
    """Clusters on which the request is on hold; None if the request was not read."""

    @property
    def tenant(self) -> str:
        return self.name.partition("/")[0]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "name": self.name,
            "tenant": self.tenant,
            "owner": self.owner,
            "golden_path": self.golden_path,
            "clusters": list(self.clusters),
            "uses": _named(self.uses, "least", "most"),
            "published": self.is_published,
            **({} if self.retiring is None else {"retiring": list(self.retiring)}),
        }


@dataclass(frozen=True, slots=True)
class Capacity:
    """One accelerator of one cluster: the existing number, and the promised numbers."""

    cluster: str
    profile: str
    there: int
    owned: int
    borrowable: int
    """The sum of the numbers that tenants may borrow. They cannot all borrow at the same time."""

    @property
    def free(self) -> int:
        """The number without an owner; negative if the fleet promises more than exist."""
        return self.there - self.owned

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "cluster": self.cluster,
            "profile": self.profile,
            "there": self.there,
            "owned": self.owned,
            "free": self.free,
            "borrowable": self.borrowable,
        }


@dataclass(frozen=True, slots=True)
class FleetSummary:
    """All tenants, workloads and accelerators of a fleet."""

    organisation: str
    clusters: tuple[str, ...]
    tenants: tuple[TenantSummary, ...]
    capacity: tuple[Capacity, ...]
    retired: tuple[str, ...]
    workloads: tuple[WorkloadSummary, ...] = ()

    def only(self, *, cluster: str | None = None, owner: str | None = None) -> FleetSummary:
        """The part of the summary for one cluster, one owner, or both.

        Raises:
            InputError: the fleet has no such cluster.
        """
        if cluster is not None and cluster not in self.clusters:
            message = f"is not a cluster of the fleet, which has {', '.join(self.clusters)}"
            near = nearest(cluster, self.clusters)
            raise InputError([Problem("--cluster", "unknown-cluster", message, cluster, near)])

        def is_wanted(each: TenantSummary | WorkloadSummary) -> bool:
            is_owned = owner is None or (each.owner is not None and is_same_group(owner, each.owner))
            return is_owned and (cluster is None or cluster in each.clusters)

        return replace(
            self,
            tenants=tuple(filter(is_wanted, self.tenants)),
            workloads=tuple(filter(is_wanted, self.workloads)),
            capacity=tuple(each for each in self.capacity if cluster in {None, each.cluster}),
        )

    def with_retiring(self, state: FleetState) -> FleetSummary:
        """Add the clusters on which each request is on hold. This reads every request in the repository."""
        held = dict(_held(state.tree, chain(state.tree.tenants(), state.tree.all_workloads())))
        return replace(
            self,
            tenants=tuple(replace(e, retiring=_on_hold(e.clusters, held.get(e.name))) for e in self.tenants),
            workloads=tuple(
                replace(e, retiring=_on_hold(e.clusters, held.get(e.name))) for e in self.workloads
            ),
        )

    def left_in_tenants(self) -> dict[str, dict[tuple[str, str], tuple[int, int]]]:
        """The free part of each tenant's quota, and the quota, by tenant and by cluster and accelerator.

        A workload counts with its fewest replicas. Pods from the tenant's own repository are unknown and do not count.
        """
        held: dict[tuple[str, str, str], int] = {}
        for workload in self.workloads:
            for cluster, uses in workload.uses.items():
                for profile, (least, _) in uses.items():
                    key = (workload.tenant, cluster, profile)
                    held[key] = held.get(key, 0) + least
        return {
            tenant.name: {
                (cluster, profile): (quota - held.get((tenant.name, cluster, profile), 0), quota)
                for cluster, gpus in tenant.gpus.items()
                for profile, (quota, _) in gpus.items()
            }
            for tenant in self.tenants
        }

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "format": "fleet-summary/v1",
            "organisation": self.organisation,
            "clusters": list(self.clusters),
            "tenants": [tenant.as_dict() for tenant in self.tenants],
            "workloads": [workload.as_dict() for workload in self.workloads],
            "capacity": [each.as_dict() for each in self.capacity],
            "retired": list(self.retired),
        }


def shown_share(share: tuple[int, int], subject: Subject) -> str:
    """The text of a share: owned and borrowable for a tenant, least and most use for a workload."""
    first, second = share
    if subject is Subject.WORKLOAD:
        return str(first) if first == second else f"{first} to {second}"
    return f"{first} (+{second})" if second else str(first)


def _held(tree: FleetTree, many: Iterable[OwnedFiles]) -> Iterator[tuple[str, Any]]:
    """Name and value of ``retiring`` of each request that sets it."""
    requests = {owned.name: found[1].id for owned in many if (found := owned.request)}
    texts = dict(tree.reader.blobs(set(requests.values())))
    for name, id_ in requests.items():
        # A search is a thousand times quicker than parsing YAML, and few requests have the word.
        if b"retiring" in texts[id_]:
            with contextlib.suppress(InputError, UnicodeDecodeError):
                document = kubeyaml.load(texts[id_].decode())
                if isinstance(document, dict):
                    yield name, document.get("retiring")


def _on_hold(clusters: tuple[str, ...], retiring: Any) -> tuple[str, ...]:
    """The clusters that a request's ``retiring`` selects."""
    if retiring is True:
        return clusters
    return tuple(each for each in clusters if isinstance(retiring, list) and each in retiring)


def _named(
    shares: dict[str, dict[str, tuple[int, int]]], first: str, second: str
) -> dict[str, dict[str, dict[str, int]]]:
    """Shares by cluster and accelerator, each with names for its two numbers."""
    return {
        cluster: {profile: {first: one, second: other} for profile, (one, other) in each.items()}
        for cluster, each in shares.items()
    }


def summarize(state: FleetState, promises: Promises) -> FleetSummary:
    """Every tenant and workload, and every accelerator with the promises of it."""
    context = state.context
    everyone = tuple(promises)
    capacity = []
    for cluster, platform in context.pipeline.platforms.items():
        for pool in platform.pools:
            profile = pool.id
            owned, borrow = promises.sums.get((cluster, profile), (0, 0))
            capacity.append(Capacity(cluster, profile, pool.ownable, owned, borrow))
    return FleetSummary(
        organisation=context.spec.organisation,
        clusters=tuple(context.spec.clusters),
        tenants=tuple(
            TenantSummary(
                name=each.name,
                owner=each.owner,
                golden_path=each.golden_path,
                clusters=tuple(each.clusters),
                gpus={cluster: dict(shares) for cluster, shares in each.clusters.items()},
                is_published=each.settled and each.golden_path is not None,
            )
            for each in everyone
            if not each.retired
        ),
        capacity=tuple(capacity),
        retired=tuple(each.name for each in everyone if each.retired),
        workloads=tuple(
            _workload(owned, locked.lock)
            for owned, locked in state.tree.locked(state.tree.all_workloads())
            if owned.request is not None
        ),
    )


def _workload(owned: OwnedFiles, lock: Lock | None) -> WorkloadSummary:
    return WorkloadSummary(
        name=owned.name,
        owner=lock.owner if lock else None,
        golden_path=lock.exact if lock else None,
        clusters=tuple(lock.clusters) if lock else (),
        uses={cluster: dict(shares) for cluster, shares in lock.clusters.items()} if lock else {},
        is_published=owned.is_published(lock),
    )
