"""The brake: what a publish may take away without being told to.

A mistake in one line (a cluster that was renamed, an add-on that was left out, a placement that matches less) can
take objects away from every tenant at once, and Flux applies that within minutes. So a publish that removes more than
a few objects must be told how many, as a number that somebody has read in a plan; and no publish at all removes a
Namespace, with everything in it: that is what retiring is for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath.errors import Problem
from goldenpath.publish.changes import Action
from goldenpath.publish.plan import PartKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from goldenpath.publish.plan import Plan

__all__ = ["FREE_LOSERS", "FREE_OBJECTS", "Removals", "brake", "removals"]

FREE_OBJECTS: Final = 20
"""Objects that a publish may remove without being told to."""
FREE_LOSERS: Final = 3
"""Tenants and platforms from which it may remove objects without being told to."""

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Removals:
    """What a plan takes away."""

    objects: int
    """Objects; a file that cannot be read any more counts as one, since it may hold one."""
    losers: tuple[str, ...]
    """Tenants and platforms that lose an object."""
    namespaces: tuple[tuple[str, str, str | None], ...]
    """Tenant or platform, name and cluster of each Namespace."""


def removals(plan: Plan, *, retiring: Collection[str] = ()) -> Removals:
    """What a plan takes away, but from tenants that are being retired. What only moves to another file stays."""
    by_part: Counter[str] = Counter()
    namespaces = []
    for part in plan.parts:
        if part.kind is PartKind.TENANT and part.name in retiring:
            continue
        gone = [change.id for change in part.changes.objects if change.action is Action.REMOVED]
        removed = {file.path for file in part.changes.files if file.after is None}
        by_part[str(part)] = len(gone) + len(removed.intersection(part.changes.unreadable))
        namespaces += [
            (part.name, identity.name, identity.cluster)
            for identity in gone
            if (identity.group, identity.kind) == ("", "Namespace")
        ]
    losers = tuple(name for name, number in by_part.items() if number)
    return Removals(by_part.total(), losers, tuple(namespaces))


def brake(plan: Plan, *, allowed: int | None = None, retiring: Collection[str] = ()) -> tuple[Problem, ...]:
    """Why a plan may not be carried out as it is; nothing, where it may.

    Args:
        plan: what would be done.
        allowed: how many objects may be removed (``--allow-removals``); a few without being told.
        retiring: tenants that `goldenpath retire` is deleting, by an explicit confirmation of its own.

    """
    found = removals(plan, retiring=retiring)
    return (*_namespaces(found), *_number(found, allowed))


def _namespaces(found: Removals) -> Iterator[Problem]:
    for owner, name, cluster in found.namespaces:
        where = f" on {cluster}" if cluster else ""
        message = (
            f"would remove Namespace {name}{where} and everything in it, which no publish does; "
            f"use `goldenpath retire {owner}`"
        )
        yield Problem(f"tenant {owner}", "namespace-removal", message)


def _number(found: Removals, allowed: int | None) -> Iterator[Problem]:
    few = found.objects <= FREE_OBJECTS and len(found.losers) <= FREE_LOSERS
    if few or (allowed is not None and found.objects <= allowed):
        return
    more = len(found.losers) - _SHOWN
    shown = ", ".join(found.losers[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    message = (
        f"would remove {found.objects} objects ({shown}); "
        f"look at the plan, and if that is meant, say so with --allow-removals {found.objects}"
    )
    yield Problem("", "too-many-removals", message)
