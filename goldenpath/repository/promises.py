"""The sum of the tenants' promises in a fleet, by folder.

A shard is one folder that holds tenants' own folders: ``tenants``, or each folder below it. It knows its sums and its
irregular tenants. A question about the whole fleet reads one value for each shard, and a question about one tenant
opens one shard.
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
]

PoolOnCluster = tuple[str, str]
"""A cluster and an accelerator on it."""
Share = tuple[int, int]
"""What is a tenant's own of an accelerator on a cluster, and what it may borrow."""

HostOfTenant = tuple[str, str]
"""A host name and the tenant that has it."""

_LAYOUTS: Final = (Layout(sharded=False), Layout(sharded=True))


@dataclass(frozen=True, slots=True)
class Promise:
    """What one tenant was promised, or asks for where ``settled`` is false."""

    name: str
    owner: str | None = None
    golden_path: str | None = None
    """Golden path and exact version; None where no lock says it."""
    clusters: Mapping[str, Mapping[str, Share]] = field(default_factory=dict)
    """By cluster and accelerator, its share."""
    claims: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By cluster, identities (name of the object, SPIFFE ID) that do not have the form that is unique to the tenant."""
    hosts: tuple[str, ...] = ()
    """Host names that its routes may have, on any of its clusters."""
    retired: bool = False
    """Whether only a tombstone is left."""
    settled: bool = True
    """Whether its own folder says it all. Otherwise the request must be asked, which depends on the fleet as it is."""

    @property
    def shares(self) -> Iterator[tuple[PoolOnCluster, Share]]:
        """Its share of each accelerator on each cluster."""
        for cluster, profiles in self.clusters.items():
            for profile, (quota, borrow) in profiles.items():
                yield (cluster, profile), (quota, borrow)


def promise_of(name: str, lock: Lock, *, settled: bool = True) -> Promise:
    """What a lock says that a tenant was promised."""
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
    """The tenants of a shard: the tree id of each tenant's folder, which shows a change, and its promise."""

    folders: Mapping[str, str]
    promises: Mapping[str, Promise]


@dataclass(frozen=True)
class ShardPromises:
    """The tenants of one folder. What is in it is only looked up when one of them is asked for."""

    place: str
    tree: str
    """Id of the folder's tree."""
    sums: Mapping[PoolOnCluster, Share]
    """What its settled tenants own and may borrow together."""
    hosts: frozenset[HostOfTenant]
    """Host names that its settled tenants' routes may have."""
    odd: frozenset[str]
    """Tenants that belong in another shard, have unusual identities, or are not settled."""
    look_up: Callable[[], ShardContents]

    @cached_property
    def contents(self) -> ShardContents:
        """Its tenants."""
        return self.look_up()

    @property
    def odd_ones(self) -> Iterator[Promise]:
        """Its tenants that are worth a look when the whole fleet is asked about."""
        return (self.contents.promises[name] for name in sorted(self.odd))

    @classmethod
    def of(
        cls, place: str, tree: str, contents: ShardContents, before: ShardPromises | None = None
    ) -> ShardPromises:
        """A shard with these tenants. Given its older state, only the changed tenants are summed again."""
        old = before.contents.promises if before is not None else {}
        new = contents.promises
        changed = {name for name in {*old, *new} if old.get(name) is not new.get(name)}
        sums = _summed(
            before.sums if before is not None else {},
            plus=[new[name] for name in changed if name in new],
            minus=[old[name] for name in changed if name in old],
        )
        stayed = before.odd - changed if before is not None else frozenset()
        odd = {name for name in changed if name in new and _is_odd(place, new[name])}
        hosts = {pair for pair in (before.hosts if before is not None else ()) if pair[1] not in changed}
        for name in changed & new.keys():
            if new[name].settled:
                hosts |= {(host, name) for host in new[name].hosts}
        return cls(place, tree, sums, frozenset(hosts), frozenset({*stayed, *odd}), lambda: contents)


def _is_odd(place: str, promise: Promise) -> bool:
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
                for place, (quota, borrow) in promise.shares:
                    owned[place] += sign * quota
                    borrowed[place] += sign * borrow
    return {
        place: (owned[place], borrowed[place]) for place in sorted(owned) if owned[place] or borrowed[place]
    }


class Promises:
    """What all tenants of a fleet were promised.

    Args:
        shards: the folders that hold tenants.
        asked: by its own folder's path, each tenant that is not settled, as its request asks for it now.

    """

    def __init__(self, shards: Iterable[ShardPromises], asked: Mapping[str, Promise]) -> None:
        self.shards = tuple(shards)
        self._asked = asked

    def __iter__(self) -> Iterator[Promise]:
        """Every tenant's, by name; of one that has two folders, both."""
        found = [
            self._asked.get(f"{shard.place}/{name}", promise)
            for shard in self.shards
            for name, promise in shard.contents.promises.items()
        ]
        return iter(sorted(found, key=lambda promise: promise.name))

    @cached_property
    def sums(self) -> Mapping[PoolOnCluster, Share]:
        """By cluster and accelerator, what all tenants own and may borrow together."""
        total: dict[PoolOnCluster, Share] = {}
        asked = (share for promise in self._asked.values() for share in promise.shares)
        for place, (quota, borrow) in (
            *(item for shard in self.shards for item in shard.sums.items()),
            *asked,
        ):
            owned, borrowed = total.get(place, (0, 0))
            total[place] = (owned + quota, borrowed + borrow)
        return total

    @cached_property
    def hosts(self) -> HostClaims:
        """Which tenant has which host name."""
        asked = ((host, promise.name) for promise in self._asked.values() for host in promise.hosts)
        return HostClaims((*(pair for shard in self.shards for pair in shard.hosts), *asked))

    def with_locks(self, locks: Mapping[str, Lock]) -> Promises:
        """What all tenants are promised once these locks stand in place of those that they have."""
        if not locks:
            return self
        promises = {promise.name: replace(promise, settled=True) for promise in self}
        promises |= {name: promise_of(name, lock) for name, lock in locks.items()}
        return Promises([ShardPromises.of("", "", ShardContents({}, promises))], {})

    def get(self, name: str) -> Promise | None:
        """One tenant's; None of one that is not there."""
        return next(iter(self._of(name).values()), None)

    def homes(self, name: str) -> tuple[str, ...]:
        """Each folder of a tenant's own with that name: more than one is a collision, or an unfinished move."""
        return tuple(self._of(name))

    def _of(self, name: str) -> dict[str, Promise]:
        places = {layout.tenants(name) for layout in _LAYOUTS}
        shards = (shard for shard in self.shards if shard.place in places or name in shard.odd)
        found = {
            f"{shard.place}/{name}": shard.contents.promises[name]
            for shard in shards
            if name in shard.contents.promises
        }
        return {home: self._asked.get(home, promise) for home, promise in found.items()}

    @property
    def claims(self) -> Iterator[Promise]:
        """Tenants with identities of an unusual form: the only ones that another tenant could have too."""
        return (promise for shard in self.shards for promise in shard.odd_ones if promise.claims)
