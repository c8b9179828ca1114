"""Limit the objects that a publish may remove without ``--allow-removals``.

A mistake in one line (a renamed cluster, a missing add-on, a placement that matches less) can remove objects of every
tenant at once, and Flux applies that within minutes. So a publish that removes more than a few objects needs their
number, which a person has read in a plan. A Namespace can be removed only after a publish that put it on hold, which
`goldenpath retire` does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.errors import Problem
from goldenpath.manifests import Manifests, RenderedFile
from goldenpath.repository.object_changes import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.repository.object_changes import ObjectChange
    from goldenpath.repository.publish_plan import Part, Plan

__all__ = ["MAX_AFFECTED_OWNERS", "MAX_REMOVED_OBJECTS", "Removals", "removal_problems", "removals"]

MAX_REMOVED_OBJECTS: Final = 20
"""Objects that a publish may remove without ``--allow-removals``."""
MAX_AFFECTED_OWNERS: Final = 3
"""Owners (tenants and platforms) that a publish may remove objects from without ``--allow-removals``."""

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Removals:
    """The removals of a plan."""

    objects: int
    """The number of objects. An unreadable file counts as one, because it may contain one."""
    affected_owners: tuple[str, ...]
    """Tenants and platforms that lose an object."""
    namespaces: tuple[tuple[Part, str, str | None], ...]
    """Part, name and cluster of each removed Namespace that is not on hold."""


def removals(plan: Plan) -> Removals:
    """The removals of a plan. An object that moves to another file is not removed."""
    by_part: Counter[str] = Counter()
    namespaces = []
    for part in plan.parts:
        if all(file.before is None for file in part.changes.files):
            continue  # All files are new, so nothing is removed, and no file need be read.
        gone = [change for change in part.changes.objects if change.action is ChangeKind.REMOVED]
        removed = {file.path for file in part.changes.files if file.after is None}
        by_part[str(part)] = len(gone) + len(removed.intersection(part.changes.unreadable))
        namespaces += [
            (part, change.id.name, change.id.cluster)
            for change in gone
            if (change.id.group, change.id.kind) == ("", "Namespace") and not _was_held(part, change)
        ]
    affected_owners = tuple(name for name, number in by_part.items() if number)
    return Removals(by_part.total(), affected_owners, tuple(namespaces))


def removal_problems(plan: Plan, *, allowed: int | None = None) -> tuple[Problem, ...]:
    """The problems that forbid a commit of a plan; empty if it is allowed.

    Args:
        plan: the plan.
        allowed: the number of objects that may be removed (``--allow-removals``); by default, a few.
    """
    found = removals(plan)
    return (*_namespaces(found), *_number(found, allowed))


def _was_held(part: Part, change: ObjectChange) -> bool:
    """Whether the last published Namespace has the label of a retiring tenant."""
    texts = (file.before for file in part.changes.files if file.path == change.file)
    return any(
        item.kind == "Namespace" and item.name == change.id.name and _is_retiring(item.body)
        for text in texts
        for item in Manifests((RenderedFile(change.file, text or ""),)).objects()
    )


def _is_retiring(namespace: dict[str, Any]) -> bool:
    labels = namespace.get("metadata", {}).get("labels")
    return isinstance(labels, dict) and labels.get(names.RETIRING) == "true"


def _namespaces(found: Removals) -> Iterator[Problem]:
    for part, name, cluster in found.namespaces:
        where = f" on {cluster}" if cluster else ""
        only = f" --cluster {cluster}" if cluster and part.after else ""
        message = (
            f"would remove Namespace {name}{where} and everything in it, and the tenant is not on hold; run "
            f"`goldenpath retire {part.name}{only}` first, and repeat this command after Flux has applied that"
        )
        yield Problem(str(part), "namespace-removal", message)


def _number(found: Removals, allowed: int | None) -> Iterator[Problem]:
    few = found.objects <= MAX_REMOVED_OBJECTS and len(found.affected_owners) <= MAX_AFFECTED_OWNERS
    if few or (allowed is not None and found.objects <= allowed):
        return
    more = len(found.affected_owners) - _SHOWN
    shown = ", ".join(found.affected_owners[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    message = (
        f"would remove {found.objects} objects ({shown}); "
        f"review the plan, and allow it with --allow-removals {found.objects}"
    )
    yield Problem("", "too-many-removals", message)
