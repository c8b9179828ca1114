"""The tenants and workloads of a fleet, and its accelerators."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
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
    """One tenant: ``gpus`` has, by cluster and accelerator, what it owns and what it may borrow."""

    name: str
    owner: str | None
    golden_path: str | None
    clusters: tuple[str, ...]
    gpus: dict[str, dict[str, tuple[int, int]]]
    is_published: bool
    """Whether the manifests follow from the request as it is now."""
    retiring: tuple[str, ...] | None = None
    """Clusters on which its request says that it is held; None if it was not read."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        looked_at = {} if self.retiring is None else {"retiring": list(self.retiring)}
        return {
            "name": self.name,
            "owner": self.owner,
            "golden_path": self.golden_path,
            "clusters": list(self.clusters),
            "gpus": {
                cluster: {
                    profile: {"quota": quota, "borrow": borrow} for profile, (quota, borrow) in each.items()
                }
                for cluster, each in self.gpus.items()
            },
            "published": self.is_published,
            **looked_at,
        }


@dataclass(frozen=True, slots=True)
class WorkloadSummary:
    """One workload: ``uses`` has, by cluster and accelerator, what it uses at least and at most."""

    name: str
    """Its name with its tenant's: ``vision/chat``."""
    owner: str | None
    golden_path: str | None
    clusters: tuple[str, ...]
    uses: dict[str, dict[str, tuple[int, int]]]
    is_published: bool
    """Whether the manifests follow from the request as it is now."""
    retiring: tuple[str, ...] | None = None
    """Clusters on which its request says that it is held; None if it was not read."""

    @property
    def tenant(self) -> str:
        """Its tenant's name."""
        return self.name.partition("/")[0]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "name": self.name,
            "tenant": self.tenant,
            "owner": self.owner,
            "golden_path": self.golden_path,
            "clusters": list(self.clusters),
            "uses": {
                cluster: {profile: {"least": least, "most": most} for profile, (least, most) in each.items()}
                for cluster, each in self.uses.items()
            },
            "published": self.is_published,
            **({} if self.retiring is None else {"retiring": list(self.retiring)}),
        }


@dataclass(frozen=True, slots=True)
class Capacity:
    """One accelerator of one cluster: how many there are, and how many tenants own."""

    cluster: str
    profile: str
    there: int
    owned: int
    borrowable: int
    """What tenants may borrow beyond what they own, all together: more than one can ever have at a time."""

    @property
    def free(self) -> int:
        """How many are unowned; negative where more was promised than exists."""
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
    """The fleet in numbers."""

    organisation: str
    clusters: tuple[str, ...]
    tenants: tuple[TenantSummary, ...]
    capacity: tuple[Capacity, ...]
    retired: tuple[str, ...]
    workloads: tuple[WorkloadSummary, ...] = ()

    def only(self, *, cluster: str | None = None, owner: str | None = None) -> FleetSummary:
        """The part of one cluster, of one owner, or of both.

        Raises:
            InputError: the fleet has no such cluster.
        """
        if cluster is not None and cluster not in self.clusters:
            message = f"the fleet has {', '.join(self.clusters)}"
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
        """With the clusters on which each is held: for that, every request in the repository is read."""
        tenants = dict(_held(state.tree, state.tree.tenants()))
        workloads = dict(_held(state.tree, state.tree.all_workloads()))
        return replace(
            self,
            tenants=tuple(
                replace(e, retiring=_of_these(e.clusters, tenants.get(e.name))) for e in self.tenants
            ),
            workloads=tuple(
                replace(e, retiring=_of_these(e.clusters, workloads.get(e.name))) for e in self.workloads
            ),
        )

    def left_in_tenants(self) -> dict[str, dict[tuple[str, str], tuple[int, int]]]:
        """By tenant, and by cluster and accelerator: how many of its quota its workloads leave, and the quota.

        A workload holds what it uses at its fewest replicas. What runs from the tenant's own repository is not known here.
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
    """What a tenant owns and may borrow, or what a workload uses at least and at most."""
    first, second = share
    if subject is Subject.WORKLOAD:
        return str(first) if first == second else f"{first} to {second}"
    return f"{first} (+{second})" if second else str(first)


def _held(tree: FleetTree, many: Iterable[OwnedFiles]) -> Iterator[tuple[str, Any]]:
    """Those whose request says that they are held, with what it says."""
    requests = {owned.name: found[1].id for owned in many if (found := owned.request)}
    texts = dict(tree.reader.blobs(set(requests.values())))
    for name, id_ in requests.items():
        # A search is a thousand times quicker than YAML is parsed, and few requests have the word.
        if b"retiring" in texts[id_]:
            with contextlib.suppress(InputError, UnicodeDecodeError):
                document = kubeyaml.load(texts[id_].decode())
                if isinstance(document, dict):
                    yield name, document.get("retiring")


def _of_these(clusters: tuple[str, ...], said: Any) -> tuple[str, ...]:
    """The clusters that a request's `retiring` names."""
    return tuple(
        cluster for cluster in clusters if said is True or (isinstance(said, list) and cluster in said)
    )


def summarize(state: FleetState, promises: Promises) -> FleetSummary:
    """Every tenant and workload, and every accelerator with what was promised of it."""
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
    is_published = lock is not None and owned.request is not None and lock.request_file == owned.request[1].id
    return WorkloadSummary(
        name=owned.name,
        owner=lock.owner if lock else None,
        golden_path=lock.exact if lock else None,
        clusters=tuple(lock.clusters) if lock else (),
        uses={cluster: dict(shares) for cluster, shares in lock.clusters.items()} if lock else {},
        is_published=is_published,
    )
