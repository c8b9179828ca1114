"""The rule ``fleet-capacity``: tenants own at most as many accelerators as their cluster has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from goldenpath.tenancy.platform import Platform

__all__ = ["capacity_finding", "pool_capacity"]

_SHOWN_OWNERS: Final = 5


def pool_capacity(platforms: Mapping[str, Platform], cluster: str, profile: str) -> int | None:
    """Return how many accelerators of a pool all tenants together can own; None for an unknown pool."""
    pools = platforms[cluster].pools if cluster in platforms else ()
    return next((pool.ownable for pool in pools if pool.id == profile), None)


def capacity_finding(
    pool: tuple[str, str],
    capacity: int | None,
    owned: int,
    *,
    owners: Sequence[tuple[str, int]] = (),
    asks: tuple[str, int] | None = None,
    about: str = "",
    field: str = "",
    severity: Severity = Severity.ERROR,
) -> Finding | None:
    """Return the finding about a pool that is too small; None if the pool is large enough.

    Args:
        pool: the cluster and the accelerator.
        capacity: the accelerators of the pool that tenants can own; None for a pool that the fleet does not have.
        owned: the accelerators that tenants own, without ``asks``.
        owners: each tenant with its number; the message shows the five largest.
        asks: a tenant that asks for more, and the number.
        about: the object of the finding; the default is the cluster.
        field: the field of that object; the default is the accelerator.
        severity: a warning if the request asks for no more than the tenant already owns.
    """
    cluster, profile = pool
    wanted = asks[1] if asks else 0
    if owned + wanted <= (capacity or 0):
        return None
    supply = f"has {capacity} of {profile}" if capacity is not None else f"no longer offers {profile}"
    free = max(0, (capacity or 0) - owned)
    fix = "Lower a quota, or let tenants borrow instead."
    if asks is None:
        message = f"{cluster} {supply}, and its tenants own {owned}{_owners(owners)}"
    else:
        message = f"{cluster} {supply}; the other tenants own {owned}, which leaves {free}, and {asks[0]} for {wanted}"
        if free:
            fix = f"Ask for at most {free}, and borrow the rest."
    place = about or f"Cluster {cluster}"
    return Finding("", place, field or profile, "fleet-capacity", severity, message, fix)


def _owners(owners: Sequence[tuple[str, int]]) -> str:
    largest = sorted((item for item in owners if item[1]), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{name} {number}" for name, number in largest[:_SHOWN_OWNERS])
    more = f" and {len(largest) - _SHOWN_OWNERS} more" if len(largest) > _SHOWN_OWNERS else ""
    return f": {shown}{more}" if shown else ""
