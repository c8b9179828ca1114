"""All tenants of a fleet together: names, and what they were promised against what there is."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from goldenpath.findings import Finding, Severity
from goldenpath.tenancy.capacity_rule import capacity_finding
from goldenpath.tenancy.host_claims import HostClaims, host_findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.spec.tenant import Tenant
    from goldenpath.tenancy import Tenancy

__all__ = ["check_fleet"]


def check_fleet(tenancies: Iterable[Tenancy]) -> Iterator[Finding]:
    """Findings that only show when every tenant of the fleet is looked at.

    A name is one request's on all clusters: its folder holds one ``tenant.yaml``. What tenants own (``quota``)
    may not be more than a cluster has; what they may borrow may, since they borrow what others leave idle. A
    tenant that is being retired counts until it is deleted: its Pods may still hold what it was promised.
    """
    everything = tuple(tenancies)
    yield from _names(everything)
    yield from _promises(everything)
    pairs = {(host, tenancy.name) for tenancy in everything for host in tenancy.hosts}
    yield from host_findings(HostClaims(sorted(pairs)).collisions())
    yield from _calls(everything)


def _names(tenancies: tuple[Tenancy, ...]) -> Iterator[Finding]:
    requests: defaultdict[str, list[Tenant]] = defaultdict(list)
    for tenancy in tenancies:
        known = requests[tenancy.name]
        if any(tenancy.tenant is other for other in known):
            continue
        known.append(tenancy.tenant)
        if len(known) > 1:
            message = f"another request has the name {tenancy.name} too"
            yield _finding(tenancy, "name", "tenant-collision", message, "Give one of them another name.")


def _calls(tenancies: tuple[Tenancy, ...]) -> Iterator[Finding]:
    """Calls between two tenants that only one of them names: the other's network policies stop them."""
    by_name = {tenancy.name: tenancy for tenancy in tenancies}
    for caller in by_name.values():
        for index, call in enumerate(caller.tenant.network.calls):
            called = by_name.get(call.tenant)
            if called is None:
                continue
            ports = {server.port for server in called.servers if caller.name in server.caller_namespaces}
            if call.port not in ports:
                message = f"calls {call.tenant} on port {call.port}, and no server of {call.tenant} names {caller.name} as its caller there"
                fix = f"Ask {call.tenant} to name {caller.name} under `serving[].callers.tenants`, or correct the port."
                field = f"network.calls[{index}]"
                place = f"Tenant {caller.name} on {caller.cluster_name}"
                yield Finding("", place, field, "call-refused", Severity.WARNING, message, fix)


def _promises(tenancies: tuple[Tenancy, ...]) -> Iterator[Finding]:
    owners: defaultdict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    there: dict[tuple[str, str], int] = {}
    for tenancy in tenancies:
        for grant in tenancy.grants:
            pool = tenancy.cluster_name, grant.pool.id
            owners[pool].append((tenancy.name, grant.quota))
            there[pool] = grant.pool.ownable
    for pool, found in owners.items():
        last = f"Tenant {found[-1][0]} on {pool[0]}"
        owned = sum(number for _, number in found)
        finding = capacity_finding(pool, there[pool], owned, owners=found, about=last, field="gpus")
        if finding is not None:
            yield finding


def _finding(tenancy: Tenancy, field: str, rule: str, message: str, fix: str) -> Finding:
    place = f"Tenant {tenancy.name} on {tenancy.cluster_name}"
    return Finding("", place, field, rule, Severity.ERROR, message, fix)
