"""Check all workloads of a tenant together: their use of its quota, and objects that two workloads render."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from goldenpath.check.workload_checks import against_grants
from goldenpath.findings import Finding, Severity
from goldenpath.spec.ref import Ref
from goldenpath.tenancy import tenancies_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.intake import Parent
    from goldenpath.repository.lock import Lock
    from goldenpath.tenancy import Tenancy
    from goldenpath.tenancy.claims import Share

__all__ = ["check_workloads"]

_SHOWN: Final = 5


def check_workloads(
    state: FleetState, locks: Mapping[Ref, Lock], parent: Callable[[str], Parent | None]
) -> Iterator[Finding]:
    """Findings about the workloads of each tenant that a change touches.

    Args:
        state: the present fleet.
        locks: the new locks of the change, by tenant or workload.
        parent: returns a tenant after the change, by name.
    """
    written: defaultdict[str, dict[Ref, Lock]] = defaultdict(dict)
    for ref, lock in locks.items():
        if ref.tenant:
            written[ref.tenant][ref] = lock
    for tenant in dict.fromkeys(ref.namespace for ref in locks if ref.namespace):
        before = {
            owned.ref: locked.lock
            for owned, locked in state.tree.locked(state.tree.workloads(tenant))
            if locked.lock is not None and owned.request is not None
        }
        after = before | written.get(tenant, {})
        yield from _collisions(after, {ref for ref in after if ref in locks})
        # The rendering checks a single workload.
        found = parent(tenant) if len(after) > 1 else None
        if found is None:
            continue
        old = state.tree.lock(state.tree.find(Ref.of_tenant(tenant))).lock
        for tenancy in tenancies_of(found.tenant, state.context.pipeline.platforms):
            yield from _uses(tenancy, before, after, old)


def _uses(
    tenancy: Tenancy, before: Mapping[Ref, Lock], after: Mapping[Ref, Lock], old: Lock | None
) -> Iterator[Finding]:
    cluster = tenancy.cluster_name
    now, then = _sums(after, cluster), _sums(before, cluster)
    for profile, share in now.items():
        users = [
            f"{ref.name} {lock.clusters[cluster][profile][0]}"
            for ref, lock in after.items()
            if profile in lock.clusters.get(cluster, {})
        ]
        if len(users) < 2:  # noqa: PLR2004
            continue
        more = f" and {len(users) - _SHOWN} more" if len(users) > _SHOWN else ""
        who = f"the workloads of {tenancy.name} together ({', '.join(users[:_SHOWN])}{more})"
        place = f"Tenant {tenancy.name} on {cluster}"
        for finding in against_grants(place, tenancy, {profile: share}, who=who):
            quota = next((each.quota for each in tenancy.grants if each.pool.id == profile), 0)
            had = (old.clusters if old else {}).get(cluster, {}).get(profile, (quota, 0))[0]
            is_worse = share[0] > then.get(profile, (0, 0))[0] or quota < had
            # A change that requests no more than before must stay possible, above all a smaller one.
            yield finding if is_worse else replace(finding, severity=Severity.WARNING)


def _sums(locks: Mapping[Ref, Lock], cluster: str) -> dict[str, Share]:
    total: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for lock in locks.values():
        for profile, (least, most) in lock.clusters.get(cluster, {}).items():
            total[profile][0] += least
            total[profile][1] += most
    return {profile: (least, most) for profile, (least, most) in sorted(total.items())}


def _collisions(locks: Mapping[Ref, Lock], changed: set[Ref]) -> Iterator[Finding]:
    """Objects that two workloads render: Flux would apply them in turn, without end."""
    owners: dict[tuple[str, str], Ref] = {}
    for ref, lock in sorted(locks.items(), key=lambda item: (item[0] in changed, item[0])):
        for cluster, objects in lock.objects.items():
            for item in objects:
                first = owners.setdefault((cluster, item), ref)
                if first != ref and (ref in changed or first in changed):
                    message = f"{first} also has {item} on {cluster}, and each would overwrite the other"
                    fix = "Name each object after its workload."
                    place = f"Workload {ref.path} on {cluster}"
                    yield Finding("", place, "", "object-collision", Severity.ERROR, message, fix)
