"""Check the tenants of a proposal against all other tenants of the fleet."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.repository.fleet_checks import check_publish, check_whole_fleet
from goldenpath.repository.promises import Promise
from goldenpath.tenancy import tenancies_of
from goldenpath.tenancy.capacity_rule import capacity_finding, pool_capacity
from goldenpath.tenancy.host_claims import HostClaims, host_findings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.findings import Finding
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.repository.lock import Lock
    from goldenpath.repository.promise_index import PromiseIndex
    from goldenpath.repository.promises import Promises

__all__ = ["OtherTenants"]


class OtherTenants:
    """The promises to the tenants of a state, read at first use."""

    def __init__(self, index: PromiseIndex, state: FleetState) -> None:
        self._index = index
        self._state = state
        self._promises: Promises | None = None

    @property
    def promises(self) -> Promises:
        """The promises to all tenants on the branch."""
        if self._promises is None:
            self._promises = self._index.read(self._state.tree, self._resolve)
        return self._promises

    def check(self, name: str, lock: Lock, *, is_submitted: bool) -> Iterator[Finding]:
        """Findings about one newly rendered tenant, among all others.

        Args:
            name: the tenant.
            lock: its new lock.
            is_submitted: whether its request was submitted; otherwise :meth:`check_all` compares with capacity.
        """
        platforms = self._state.context.pipeline.platforms
        return check_publish(self.promises, platforms, name, lock, is_submitted=is_submitted)

    def check_all(self, locks: Mapping[str, Lock]) -> Iterator[Finding]:
        """Findings about all tenants of the fleet, after these locks replace the present ones."""
        return check_whole_fleet(self.promises.with_locks(locks), self._state.context.pipeline.platforms)

    def check_together(self, locks: Mapping[str, Lock]) -> Iterator[Finding]:
        """Findings about several tenants of one publish: each alone may fit, and all together may not."""
        if len(locks) < 2:  # noqa: PLR2004
            return
        more: Counter[tuple[str, str]] = Counter()
        for name, lock in locks.items():
            before = self.promises.get(name)
            for cluster, profiles in lock.clusters.items():
                for profile, (quota, _) in profiles.items():
                    more[cluster, profile] += quota
            for (cluster, profile), (quota, _) in before.shares.items() if before else ():
                more[cluster, profile] -= quota
        yield from self._hosts(locks)
        platforms = self._state.context.pipeline.platforms
        for pool, added in sorted(more.items()):
            if added <= 0:
                continue
            owned, _ = self.promises.sums.get(pool, (0, 0))
            asks = ("these requests together ask", added)
            finding = capacity_finding(pool, pool_capacity(platforms, *pool), owned, asks=asks)
            if finding is not None:
                yield finding

    def _hosts(self, locks: Mapping[str, Lock]) -> Iterator[Finding]:
        asked = {
            (host, name) for name, lock in locks.items() for found in lock.hosts.values() for host in found
        }
        yield from host_findings(HostClaims(sorted(asked)).collisions())

    def _resolve(self, path: str, text: str) -> Promise:
        """The promise of a request that changed in the repository since its last publish."""
        tenant = self._state.context.parse(kubeyaml.load(text, name=path, written=True), path)
        tenancies = tenancies_of(tenant, self._state.context.pipeline.platforms)
        shares = {
            tenancy.cluster_name: {grant.pool.id: (grant.quota, grant.borrow) for grant in tenancy.grants}
            for tenancy in tenancies
        }
        hosts = tuple(sorted({host for tenancy in tenancies for host in tenancy.hosts}))
        return Promise(tenant.name, tenant.owner, clusters=shares, hosts=hosts, settled=False)
