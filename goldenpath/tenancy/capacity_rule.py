"""The rule ``fleet-capacity``: what tenants own of an accelerator fits into what its cluster has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from goldenpath.tenancy.platform import Platform

__all__ = ["capacity_finding", "pool_capacity"]

_SHOWN_OWNERS: Final = 5


def pool_capacity(platforms: Mapping[str, Platform], cluster: str, profile: str) -> int | None:
    """How many accelerators of a pool tenants can own together; None for an unknown pool."""
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
    """The finding about a pool that is too small; None where everything fits.

    Args:
        pool: cluster and accelerator.
        capacity: how many there are; None for a pool that the fleet does not have.
        owned: what tenants own, without what is asked for.
        owners: each tenant with what it owns; the five largest are shown.
        asks: who asks for more, and how much.
        about: what the finding is about; the cluster otherwise.
        field: the field of that object; the accelerator otherwise.
        severity: a warning where the request asks for no more than the tenant owns already.

    """
    cluster, profile = pool
    wanted = asks[1] if asks else 0
    if owned + wanted <= (capacity or 0):
        return None
    there = f"has {capacity} of {profile}" if capacity is not None else f"no longer offers {profile}"
    free = max(0, (capacity or 0) - owned)
    fix = "Lower a quota, or let tenants borrow instead."
    if asks is None:
        message = f"{cluster} {there}, and its tenants own {owned}{_owners(owners)}"
    else:
        message = f"{cluster} {there}; the other tenants own {owned}, which leaves {free}, and {asks[0]} for {wanted}"
        if free:
            fix = f"Ask for at most {free}, and borrow the rest."
    place = about or f"Cluster {cluster}"
    return Finding("", place, field or profile, "fleet-capacity", severity, message, fix)


def _owners(owners: Sequence[tuple[str, int]]) -> str:
    largest = sorted((item for item in owners if item[1]), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{name} {number}" for name, number in largest[:_SHOWN_OWNERS])
    more = f" and {len(largest) - _SHOWN_OWNERS} more" if len(largest) > _SHOWN_OWNERS else ""
    return f": {shown}{more}" if shown else ""
