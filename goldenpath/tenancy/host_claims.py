"""Finds host names that more than one tenant of the fleet requests. A host name has one owner on all clusters."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.findings import Finding, Severity
from goldenpath.spec.host_overlap import covering

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["HostClaims", "HostCollision", "host_findings"]


@dataclass(frozen=True, slots=True)
class HostCollision:
    """A host that a tenant asks for, and a host of another tenant that matches the same HTTP requests."""

    tenant: str
    host: str
    other: str
    others_host: str


class HostClaims:
    """An index of the host names of all tenants, from pairs of host name and tenant."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._tenants: defaultdict[str, list[str]] = defaultdict(list)
        self._covered: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for host, tenant in pairs:
            self._tenants[host].append(tenant)
            for wildcard in covering(host)[1:]:
                self._covered[wildcard].append((host, tenant))

    def against(self, tenant: str, hosts: Iterable[str]) -> Iterator[HostCollision]:
        """Yield the collisions between the hosts that a tenant asks for and the hosts of other tenants."""
        for host in hosts:
            found = {(wider, other) for wider in covering(host) for other in self._tenants.get(wider, ())}
            found |= set(self._covered.get(host, ()))
            for others_host, other in sorted(found):
                if other != tenant:
                    yield HostCollision(tenant, host, other, others_host)

    def collisions(self) -> Iterator[HostCollision]:
        """Yield each collision once, for the tenant whose name sorts later."""
        for host, tenants in sorted(self._tenants.items()):
            for tenant in sorted(set(tenants)):
                yield from (found for found in self.against(tenant, (host,)) if found.other < tenant)


def host_findings(collisions: Iterable[HostCollision]) -> Iterator[Finding]:
    for found in collisions:
        message = f"{found.host} already belongs to tenant {found.other}"
        if found.others_host != found.host:
            message = f"{found.host} and {found.others_host} of tenant {found.other} match the same requests"
        fix = f"Use another host name, or agree with {found.other} to remove {found.others_host}."
        yield Finding("", f"Tenant {found.tenant}", "serving", "host-collision", Severity.ERROR, message, fix)
