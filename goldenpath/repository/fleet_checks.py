"""Checks across all tenants: promises against capacity, names, identities, places.

The finding is about the tenant of the publish, because published tenants keep their promises. `goldenpath check`
reports the same rule ids for a folder of requests.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.findings import Finding, Severity
from goldenpath.spec.group_ref import is_same_group
from goldenpath.tenancy.capacity_rule import capacity_finding, pool_capacity
from goldenpath.tenancy.host_claims import host_findings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.repository.lock import Lock
    from goldenpath.repository.owned_files import OwnedFiles
    from goldenpath.repository.promises import PoolOnCluster, Promise, Promises, Share
    from goldenpath.tenancy import Platform

__all__ = ["check_owned_files", "check_publish", "check_whole_fleet"]


def check_publish(
    promises: Promises,
    platforms: Mapping[str, Platform],
    name: str,
    after: Lock,
    *,
    is_submitted: bool = True,
) -> Iterator[Finding]:
    """Findings about one tenant of a publish, among all others.

    Args:
        promises: the promises to all tenants before the publish.
        platforms: the fleet's clusters (:func:`goldenpath.tenancy.platforms_of`).
        name: the tenant.
        after: its new lock, with the new promise.
        is_submitted: whether its request was submitted. Otherwise :func:`check_whole_fleet` compares with capacity.
    """
    before = promises.get(name)
    for cluster, profiles in after.clusters.items():
        for profile, share in profiles.items():
            place = (cluster, profile)
            old = _share_of(before, place)
            owned, borrowed = promises.sums.get(place, (0, 0))
            others = (owned - old[0], borrowed - old[1])
            ask = _Ask(place, old, share, others)
            if is_submitted:
                yield from _against_capacity(name, ask, platforms)
            yield from _against_cohort(name, ask, platforms)
    if before is not None:
        yield from _owner(name, before, after)
    yield from _homes(name, promises.homes(name))
    yield from _identities(name, after.identities, promises)
    yield from _hosts(name, after, promises)


def check_whole_fleet(promises: Promises, platforms: Mapping[str, Platform]) -> Iterator[Finding]:
    """Findings about all tenants of a state together."""
    for place, (owned, _) in sorted(promises.sums.items()):
        capacity = pool_capacity(platforms, *place)
        if owned > (capacity or 0):
            owners = [(each.name, _share_of(each, place)[0]) for each in promises]
            yield from _given(capacity_finding(place, capacity, owned, owners=owners))
    yield from _claims_against_each_other(promises)
    yield from host_findings(promises.hosts.collisions())


def check_owned_files(owned: OwnedFiles) -> Iterator[Finding]:
    """Findings about the places of the files of one tenant or workload."""
    subject, requests = owned.ref.subject, owned.requests
    about = f"{subject.title()} {owned.name}"
    if len(requests) > 1:
        message = f"has {len(requests)} requests: {', '.join(requests)}"
        fix = "Keep one request, and remove the others."
        yield Finding("", about, "name", f"{subject}-collision", Severity.ERROR, message, fix)
    for place in owned.misplaced:
        message = f"{place} is outside the place of this {subject} in the fleet's layout, {owned.home}"
        fix = f"Publish the {subject} to move its own files, and remove the other files by hand."
        yield Finding(place, about, "", "misplaced", Severity.WARNING, message, fix)
    if owned.request is not None and owned.tombstone is not None:
        message = "has a request with the name of a deleted tenant"
        fix = "Give the new tenant another name: old identities, images and DNS entries may still trust this name."
        yield Finding("", about, "name", "retired-name", Severity.ERROR, message, fix)


@dataclass(frozen=True, slots=True)
class _Ask:
    """One tenant's share of one accelerator on one cluster, and the sum of all other tenants' shares."""

    place: PoolOnCluster
    old: Share
    new: Share
    others: Share


def _share_of(promise: Promise | None, place: PoolOnCluster) -> Share:
    cluster, profile = place
    quota, borrow = (promise.clusters if promise else {}).get(cluster, {}).get(profile, (0, 0))
    return quota, borrow


def _lent(place: PoolOnCluster, platforms: Mapping[str, Platform]) -> int:
    """The number of accelerators that belong to no tenant, for every tenant to borrow."""
    cluster, profile = place
    pools = platforms[cluster].pools if cluster in platforms else ()
    return next((pool.lend for pool in pools if pool.id == profile), 0)


def _given(finding: Finding | None) -> Iterator[Finding]:
    if finding is not None:
        yield finding


def _against_capacity(name: str, ask: _Ask, platforms: Mapping[str, Platform]) -> Iterator[Finding]:
    cluster, profile = ask.place
    quota, _ = ask.new
    capacity = pool_capacity(platforms, cluster, profile)
    if capacity is not None and quota:
        # A request for no more than before must stay publishable, above all a smaller one.
        severity = Severity.ERROR if quota > ask.old[0] else Severity.WARNING
        asks = (f"{name} asks", quota)
        yield from _given(
            capacity_finding(
                ask.place, capacity, ask.others[0],
                asks=asks, about=f"Tenant {name} on {cluster}", field="gpus", severity=severity,
            )
        )  # fmt: skip


def _against_cohort(name: str, ask: _Ask, platforms: Mapping[str, Platform]) -> Iterator[Finding]:
    (cluster, profile), (_, borrow) = ask.place, ask.new
    lent = _lent(ask.place, platforms)
    if cluster in platforms and platforms[cluster].has("kueue") and borrow > ask.others[0] + lent:
        lends = f" and the cluster lends {lent}" if lent else ""
        message = (
            f"may borrow {borrow} of {profile} on {cluster}, but the other tenants own {ask.others[0]}{lends}, and "
            "it can borrow no more than that"
        )
        fix = (
            "Nothing, if more tenants follow; else request it as quota, or set in the fleet with `lend` how many "
            "belong to no tenant."
        )
        yield _finding(
            f"{name} on {cluster}", "gpus", "borrow-beyond-cohort", message, fix, severity=Severity.WARNING
        )


def _owner(name: str, before: Promise, after: Lock) -> Iterator[Finding]:
    if before.owner and after.owner and not is_same_group(before.owner, after.owner):
        message = f"was owned by {before.owner}, and this request sets the owner to {after.owner}"
        fix = "Make sure that both groups agree; a new team needs a tenant with another name."
        yield _finding(name, "owner", "owner-change", message, fix, severity=Severity.WARNING)


def _homes(name: str, homes: tuple[str, ...]) -> Iterator[Finding]:
    if len(homes) > 1:
        message = f"has the same name as another request: {', '.join(homes)}"
        yield _finding(name, "name", "tenant-collision", message, "Keep one request, and remove the others.")


def _identities(
    name: str, identities: Mapping[str, Mapping[str, str]], promises: Promises
) -> Iterator[Finding]:
    """Collisions of a tenant's identities with those of other tenants.

    SPIFFE IDs and object names with the tenant's name are unique, so only the few others can collide.
    """
    for other in promises.claims:
        if other.name != name:
            yield from _shared(name, identities, other.name, other.claims)


def _hosts(name: str, after: Lock, promises: Promises) -> Iterator[Finding]:
    """Host names that another tenant has: routes of two tenants would answer the same request."""
    asked = sorted({host for found in after.hosts.values() for host in found})
    yield from host_findings(promises.hosts.against(name, asked))


def _claims_against_each_other(promises: Promises) -> Iterator[Finding]:
    claims = sorted(promises.claims, key=lambda promise: promise.name)
    for index, later in enumerate(claims):
        for first in claims[:index]:
            yield from _shared(later.name, later.claims, first.name, first.claims)


def _shared(
    name: str,
    identities: Mapping[str, Mapping[str, str]],
    other: str,
    claims: Mapping[str, Mapping[str, str]],
) -> Iterator[Finding]:
    theirs: defaultdict[str, list[str]] = defaultdict(list)
    for cluster, found in claims.items():
        for spiffe_id in found.values():
            theirs[spiffe_id].append(cluster)
    for cluster, found in identities.items():
        for resource, spiffe_id in found.items():
            if resource in claims.get(cluster, {}):
                message = f"{other} also has a ClusterSPIFFEID {resource} on {cluster}, and each would overwrite the other"
                yield _collision(name, cluster, resource, message)
            if spiffe_id in theirs:
                where = ", ".join(theirs[spiffe_id])
                yield _collision(
                    name, cluster, resource, f"{other} gives the same identity on {where}: {spiffe_id}"
                )


def _collision(name: str, cluster: str, resource: str, message: str) -> Finding:
    fix = "Put the tenant's name into each identity, like the built-in golden path."
    about, where = f"ClusterSPIFFEID {resource}", f"{name} on {cluster}"
    return Finding("", about, "", "identity-collision", Severity.ERROR, f"{where}: {message}", fix)


def _finding(
    tenant: str, field: str, rule: str, message: str, fix: str, *, severity: Severity = Severity.ERROR
) -> Finding:
    return Finding("", f"Tenant {tenant}", field, rule, severity, message, fix)
