"""Rules between a workload's request and the tenant that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import Problem
from goldenpath.spec.fleet_rules import placed_clusters
from goldenpath.spec.group_ref import is_same_group
from goldenpath.spec.nearest import nearest
from goldenpath.spec.placement import clusters_of
from goldenpath.spec.rules import problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.document_model import Surroundings
    from goldenpath.spec.parsed_fields import Fields
    from goldenpath.spec.tenant import Tenant

__all__ = ["tenant_problems"]


def tenant_problems(fields: Fields, around: Surroundings) -> Iterator[Problem]:
    """Yield every problem of a workload with its tenant: the tenant must exist, own the workload, and share its clusters."""
    name = fields.get("tenant")
    if around.tenant is None or not isinstance(name, str):
        return
    tenant = around.tenant(name)
    if tenant is None:
        message = "the fleet has no such tenant; publish the tenant's request first"
        yield problem(fields, ("tenant",), "unknown-tenant", message, nearest(name, around.tenants))
        return
    if around.is_new and tenant.retiring is True and fields.get("retiring") is not True:
        message = f"{name} is being retired; its workloads can only be retired, not added or changed"
        yield Problem("tenant", "tenant-retiring", message)
    owner = fields.get("owner")
    if isinstance(owner, str) and not is_same_group(owner, tenant.owner):
        message = f"does not own tenant {name}, which {tenant.owner} owns; leave `owner` out"
        yield problem(fields, ("owner",), "other-owner", message, tenant.owner)
    yield from _clusters(fields, around, tenant)


def _clusters(fields: Fields, around: Surroundings, tenant: Tenant) -> Iterator[Problem]:
    if around.fleet is None:
        return
    tenant_clusters = clusters_of(tenant, around.fleet)
    where = f"tenant {tenant.name} is on {', '.join(tenant_clusters)}"
    chosen = placed_clusters(fields, around.fleet)
    named = ("clusters",) if chosen or fields.has("clusters") else ("retiring",)
    for field in named:
        for index, cluster in fields.items(field):
            if cluster in around.fleet.clusters and cluster not in tenant_clusters:
                message = f"is not a cluster of the tenant: {where}"
                near = nearest(str(cluster), tenant_clusters)
                yield problem(fields, (field, index), "tenant-not-there", message, near)
    if chosen and not set(chosen) & set(tenant_clusters):
        message = f"matches no cluster of the tenant: {where}; the placement matches {', '.join(chosen)}"
        yield Problem("placement", "tenant-not-there", message)
