"""Checks all tenants of a fleet together: names, accelerators, hosts and calls."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from goldenpath.check.finding_factory import request_finding
from goldenpath.findings import Severity
from goldenpath.tenancy.capacity_rule import capacity_finding
from goldenpath.tenancy.host_claims import HostClaims, host_findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.findings import Finding
    from goldenpath.spec.tenant import Tenant
    from goldenpath.tenancy import Tenancy

__all__ = ["check_fleet"]


def check_fleet(tenancies: Iterable[Tenancy]) -> Iterator[Finding]:
    """Find faults that show only with all tenants of the fleet.

    A tenant name belongs to one request on all clusters, because its folder holds one ``tenant.yaml``. The sum of what
    tenants own (``quota``) must fit the cluster. The sum of what they may borrow need not fit, because they borrow what
    others leave idle. A retiring tenant counts until it is deleted, because its Pods may still hold accelerators.
    """
    tenancies = tuple(tenancies)
    yield from _names(tenancies)
    yield from _owned_accelerators(tenancies)
    pairs = {(host, tenancy.name) for tenancy in tenancies for host in tenancy.hosts}
    yield from host_findings(HostClaims(sorted(pairs)).collisions())
    yield from _calls(tenancies)


def _names(tenancies: tuple[Tenancy, ...]) -> Iterator[Finding]:
    requests: defaultdict[str, list[Tenant]] = defaultdict(list)
    for tenancy in tenancies:
        known = requests[tenancy.name]
        if any(tenancy.tenant is other for other in known):
            continue
        known.append(tenancy.tenant)
        if len(known) > 1:
            message = f"another request also has the name {tenancy.name}"
            fix = "Rename one of them."
            yield request_finding(tenancy, "tenant-collision", Severity.ERROR, "name", message, fix=fix)


def _calls(tenancies: tuple[Tenancy, ...]) -> Iterator[Finding]:
    """Find calls that the called tenant does not name, so that its network policies block them."""
    by_name = {tenancy.name: tenancy for tenancy in tenancies}
    for caller in by_name.values():
        for index, call in enumerate(caller.tenant.network.calls):
            called = by_name.get(call.tenant)
            if called is None:
                continue
            ports = {server.port for server in called.servers if caller.name in server.caller_namespaces}
            if call.port not in ports:
                message = f"calls {call.tenant} on port {call.port}, and no server of {call.tenant} on that port names {caller.name} as a caller"
                fix = f"Ask {call.tenant} to name {caller.name} under `serving[].callers.tenants`, or correct the port."
                field = f"network.calls[{index}]"
                yield request_finding(caller, "call-refused", Severity.WARNING, field, message, fix=fix)


def _owned_accelerators(tenancies: tuple[Tenancy, ...]) -> Iterator[Finding]:
    owners: defaultdict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    capacity: dict[tuple[str, str], int] = {}
    for tenancy in tenancies:
        for grant in tenancy.grants:
            pool = tenancy.cluster_name, grant.pool.id
            owners[pool].append((tenancy.name, grant.quota))
            capacity[pool] = grant.pool.ownable
    for pool, found in owners.items():
        last = f"Tenant {found[-1][0]} on {pool[0]}"
        owned = sum(number for _, number in found)
        finding = capacity_finding(pool, capacity[pool], owned, owners=found, about=last, field="gpus")
        if finding is not None:
            yield finding
