"""All tenants of a fleet together: names, and what they were promised against what there is."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.tenancy import Tenancy

__all__ = ["check_fleet"]


def check_fleet(tenancies: Iterable[Tenancy]) -> Iterator[Finding]:
    """Findings that only show when every tenant of the fleet is looked at.

    What tenants own (``quota``) may not be more than a cluster has; what they may borrow may, since that is
    somebody else's idle share.
    """
    promised: defaultdict[tuple[str, str], list[Tenancy]] = defaultdict(list)
    names: defaultdict[tuple[str, str], int] = defaultdict(int)
    for tenancy in tenancies:
        names[tenancy.cluster_name, tenancy.name] += 1
        if names[tenancy.cluster_name, tenancy.name] == 2:  # noqa: PLR2004  (told once, not for each repeat)
            message = f"two requests have the name {tenancy.name} on {tenancy.cluster_name}"
            yield _finding(tenancy, "name", "tenant-collision", message, "Give one of them another name.")
        for grant in tenancy.grants:
            promised[tenancy.cluster_name, grant.pool.accelerator.id].append(tenancy)
    for (cluster, profile), holders in promised.items():
        numbers = {
            holder.name: grant.quota
            for holder in holders
            for grant in holder.grants
            if grant.pool.accelerator.id == profile
        }
        capacity = next(pool.count for pool in holders[0].platform.pools if pool.accelerator.id == profile)
        if sum(numbers.values()) > capacity:
            shares = ", ".join(f"{name} {number}" for name, number in sorted(numbers.items()))
            message = f"{cluster} has {capacity} of {profile}, and its tenants were promised {sum(numbers.values())}: {shares}"
            yield _finding(
                holders[-1],
                "gpus",
                "fleet-capacity",
                message,
                "Lower a quota, or let tenants borrow instead.",
            )


def _finding(tenancy: Tenancy, field: str, rule: str, message: str, fix: str) -> Finding:
    place = f"Tenant {tenancy.name} on {tenancy.cluster_name}"
    return Finding("", place, field, rule, Severity.ERROR, message, fix)
