"""The promises of a fleet to its tenants, and their sums.

A shard is a folder that contains the tenants' own folders: ``tenants``, or each folder below it. It has its sums and
its irregular tenants, so that a question about the whole fleet reads one value for each shard, and a question about one
tenant opens one shard.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from goldenpath.tenancy import Layout
from goldenpath.tenancy.host_claims import HostClaims

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from goldenpath.repository.lock import Lock

__all__ = [
    "HostOfTenant",
    "PoolOnCluster",
    "Promise",
    "Promises",
    "ShardContents",
    "ShardPromises",
    "Share",
    "promise_of",
    "shares_of",
]

PoolOnCluster = tuple[str, str]
"""A cluster and an accelerator on it."""
Share = tuple[int, int]
"""The numbers of an accelerator on a cluster that a tenant owns and may borrow."""

HostOfTenant = tuple[str, str]
"""A host name and the tenant that has it."""

_LAYOUTS: Final = (Layout(sharded=False), Layout(sharded=True))


@dataclass(frozen=True, slots=True)
class Promise:
    """The promise to one tenant, or its request if ``settled`` is false."""

    name: str
    owner: str | None = None
    golden_path: str | None = None
    """Golden path and exact version; None without a lock."""
    clusters: Mapping[str, Mapping[str, Share]] = field(default_factory=dict)
    """The tenant's share by cluster and accelerator."""
    claims: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By cluster, identities (object name, SPIFFE ID) that could collide, because they lack the tenant's name."""
    hosts: tuple[str, ...] = ()
    """Host names that its routes may have, on any of its clusters."""
    retired: bool = False
    """Whether only a tombstone is left."""
    settled: bool = True
    """Whether the lock is up to date. Otherwise the promise depends on the request and on the present fleet."""

    @property
    def shares(self) -> dict[PoolOnCluster, Share]:
        return shares_of(self.clusters)


def shares_of(clusters: Mapping[str, Mapping[str, Share]]) -> dict[PoolOnCluster, Share]:
    """Shares by cluster and accelerator, in one mapping."""
    return {
        (cluster, profile): share
        for cluster, profiles in clusters.items()
        for profile, share in profiles.items()
    }


def promise_of(name: str, lock: Lock, *, settled: bool = True) -> Promise:
    """The promise in a lock."""
    claims = {
        cluster: {
            resource: spiffe_id
            for resource, spiffe_id in identities.items()
            if not _is_unique_by_form(name, resource, spiffe_id)
        }
        for cluster, identities in lock.identities.items()
    }
    unusual = {cluster: found for cluster, found in claims.items() if found}
    hosts = tuple(sorted({host for found in lock.hosts.values() for host in found}))
    return Promise(name, lock.owner, lock.exact, lock.clusters, unusual, hosts, settled=settled)


def _is_unique_by_form(name: str, resource: str, spiffe_id: str) -> bool:
    """Whether an identity contains the tenant's name in the places that make it unique."""
    _, found, account = spiffe_id.partition(f"/ns/{name}/sa/")
    return bool(found) and "/" not in account and resource == f"{name}.{account}"


@dataclass(frozen=True, slots=True)
class ShardContents:
    """The tree id of each tenant's folder, which detects a change, and the promise to each tenant."""

    folders: Mapping[str, str]
    promises: Mapping[str, Promise]


@dataclass(frozen=True)
class ShardPromises:
    """The promises of one folder. Single tenants are looked up at first use."""

    place: str
    tree: str
    """The id of the folder's tree."""
    sums: Mapping[PoolOnCluster, Share]
    """The sum of the shares of its settled tenants."""
    hosts: frozenset[HostOfTenant]
    """The host names of its settled tenants."""
    irregular: frozenset[str]
    """Tenants that belong in another shard, have identities without their name, or are not settled."""
    look_up: Callable[[], ShardContents]

    @cached_property
    def contents(self) -> ShardContents:
        return self.look_up()

    @property
    def irregular_promises(self) -> Iterator[Promise]:
        """The promises to the irregular tenants, which a question about the whole fleet must read."""
        return (self.contents.promises[name] for name in sorted(self.irregular))

    @classmethod
    def of(
        cls, place: str, tree: str, contents: ShardContents, before: ShardPromises | None = None
    ) -> ShardPromises:
        """A shard with these tenants. With its older state in ``before``, only changed tenants are summed again."""
        old = before.contents.promises if before is not None else {}
        new = contents.promises
        changed = {name for name in {*old, *new} if old.get(name) is not new.get(name)}
        sums = _summed(
            before.sums if before is not None else {},
            plus=[new[name] for name in changed if name in new],
            minus=[old[name] for name in changed if name in old],
        )
        stayed = before.irregular - changed if before is not None else frozenset()
        irregular = {name for name in changed if name in new and _is_irregular(place, new[name])}
        hosts = {pair for pair in (before.hosts if before is not None else ()) if pair[1] not in changed}
        for name in changed & new.keys():
            if new[name].settled:
                hosts |= {(host, name) for host in new[name].hosts}
        return cls(place, tree, sums, frozenset(hosts), frozenset({*stayed, *irregular}), lambda: contents)


def _is_irregular(place: str, promise: Promise) -> bool:
    is_misplaced = all(layout.tenants(promise.name) != place for layout in _LAYOUTS)
    return is_misplaced or bool(promise.claims) or not promise.settled


def _summed(
    sums: Mapping[PoolOnCluster, Share], *, plus: Iterable[Promise] = (), minus: Iterable[Promise] = ()
) -> dict[PoolOnCluster, Share]:
    owned = Counter({place: quota for place, (quota, _) in sums.items()})
    borrowed = Counter({place: borrow for place, (_, borrow) in sums.items()})
    for sign, promises in ((1, plus), (-1, minus)):
        for promise in promises:
            if promise.settled:
                for place, (quota, borrow) in promise.shares.items():
                    owned[place] += sign * quota
                    borrowed[place] += sign * borrow
    return {
        place: (owned[place], borrowed[place]) for place in sorted(owned) if owned[place] or borrowed[place]
    }


class Promises:
    """The promises to all tenants of a fleet.

    Args:
        shards: the folders that contain tenants.
        resolved: the present request of each tenant that is not settled, by the path of its own folder.
    """

    def __init__(self, shards: Iterable[ShardPromises], resolved: Mapping[str, Promise]) -> None:
        self.shards = tuple(shards)
        self._resolved = resolved

    def __iter__(self) -> Iterator[Promise]:
        """Every promise, by name of the tenant; a tenant with two folders appears twice."""
        found = [
            self._resolved.get(f"{shard.place}/{name}", promise)
            for shard in self.shards
            for name, promise in shard.contents.promises.items()
        ]
        return iter(sorted(found, key=lambda promise: promise.name))

    @cached_property
    def sums(self) -> Mapping[PoolOnCluster, Share]:
        """The sum of all tenants' shares, by cluster and accelerator."""
        total: dict[PoolOnCluster, Share] = {}
        settled = (shard.sums for shard in self.shards)
        for shares in (*settled, *(promise.shares for promise in self._resolved.values())):
            for place, (quota, borrow) in shares.items():
                owned, borrowed = total.get(place, (0, 0))
                total[place] = (owned + quota, borrowed + borrow)
        return total

    @cached_property
    def hosts(self) -> HostClaims:
        """The host names of all tenants."""
        resolved = ((host, promise.name) for promise in self._resolved.values() for host in promise.hosts)
        return HostClaims((*(pair for shard in self.shards for pair in shard.hosts), *resolved))

    def with_locks(self, locks: Mapping[str, Lock]) -> Promises:
        """The promises after these locks, by tenant, replace the present ones."""
        if not locks:
            return self
        promises = {promise.name: replace(promise, settled=True) for promise in self}
        promises |= {name: promise_of(name, lock) for name, lock in locks.items()}
        return Promises([ShardPromises.of("", "", ShardContents({}, promises))], {})

    def get(self, name: str) -> Promise | None:
        """The promise to one tenant, or None."""
        return next(iter(self._of(name).values()), None)

    def homes(self, name: str) -> tuple[str, ...]:
        """The own folders of a tenant. More than one is a collision, or an unfinished move."""
        return tuple(self._of(name))

    def _of(self, name: str) -> dict[str, Promise]:
        places = {layout.tenants(name) for layout in _LAYOUTS}
        shards = (shard for shard in self.shards if shard.place in places or name in shard.irregular)
        found = {
            f"{shard.place}/{name}": shard.contents.promises[name]
            for shard in shards
            if name in shard.contents.promises
        }
        return {home: self._resolved.get(home, promise) for home, promise in found.items()}

    @property
    def claims(self) -> Iterator[Promise]:
        """Promises with identities that another tenant could also have."""
        return (each for shard in self.shards for each in shard.irregular_promises if each.claims)
