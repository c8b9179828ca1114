"""Rules between a workload's request and the tenant that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import MISSING, Problem
from goldenpath.spec.nearest import nearest
from goldenpath.spec.placement import clusters_of
from goldenpath.spec.rules import problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.model import Surroundings
    from goldenpath.spec.parsed_fields import Fields
    from goldenpath.spec.tenant import Tenant

__all__ = ["tenant_problems"]


def tenant_problems(fields: Fields, around: Surroundings) -> Iterator[Problem]:
    """Every problem of a workload with its tenant: it must be there, own the workload, and be where it is."""
    name = fields.get("tenant")
    if around.tenant is None or not isinstance(name, str):
        return
    tenant = around.tenant(name)
    if tenant is None:
        message = "the fleet has no such tenant; publish the tenant's request first"
        yield problem(fields, ("tenant",), "unknown-tenant", message, nearest(name, around.tenants))
        return
    if around.is_new and tenant.retiring is True:
        message = f"{name} is being retired: no workload may be added or changed"
        yield Problem("tenant", "tenant-retiring", message)
    owner = fields.get("owner")
    if owner is not MISSING and owner != tenant.owner:
        message = f"does not own tenant {name}, which belongs to {tenant.owner}; leave `owner` out"
        yield problem(fields, ("owner",), "other-owner", message, tenant.owner)
    yield from _clusters(fields, around, tenant)


def _clusters(fields: Fields, around: Surroundings, tenant: Tenant) -> Iterator[Problem]:
    if around.fleet is None:
        return
    there = clusters_of(tenant, around.fleet)
    for index, cluster in fields.items("clusters"):
        if cluster in around.fleet.clusters and cluster not in there:
            message = f"tenant {tenant.name} is not on this cluster; it is on {', '.join(there)}"
            yield problem(
                fields, ("clusters", index), "tenant-not-there", message, nearest(str(cluster), there)
            )
