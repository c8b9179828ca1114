"""``gpus``: derives accelerators of the catalogue from queues, quota keys and the pools of each cluster.

A queue's flavor identifies the model and the limit of borrowing. A quota key identifies a model only where no other model
of the cluster has the same resource name. Otherwise the requests of workloads decide, or a finding asks a person.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.accelerators import catalogue
from goldenpath.adoption.adoption_result import ToDo
from goldenpath.adoption.compute import has_scopes, limits_of
from goldenpath.adoption.field_ledger import field_path
from goldenpath.adoption.namespace_objects import at, labels_of, whole
from goldenpath.adoption.pod_templates import BY_CLASS, device_uses
from goldenpath.adoption.queues import QueueShare, queues_of, report_queues
from goldenpath.findings import Severity
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from goldenpath.adoption.adoption_result import AdoptionBuilder
    from goldenpath.adoption.compute import Limit
    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.tenancy.tenant_accelerators import Pool

__all__ = ["derive_gpus"]

_REQUESTS: Final = "requests."
# A key for an extended resource or a device class, even if no API server counts it.
_DEVICE_KEY: Final = re.compile(r"(requests\.|limits\.)?(?P<resource>[^/]+/[^/]+)|(?P<word>gpus?|nvidia)")
_NOT_DEVICES: Final = re.compile(r"(count/|hugepages-|.*storageclass\.storage\.k8s\.io/).*")
_IN_REQUEST: Final = "Name the accelerator under `gpus`; `goldenpath profiles` lists the known ones."


@dataclass(frozen=True, slots=True)
class _Share:
    """The namespace's share of a pool on one cluster, and the source of this fact."""

    pool: Pool
    quota: int
    borrow: int
    why: str


def derive_gpus(places: Sequence[NamespaceObjects], builder: AdoptionBuilder) -> None:
    """Derive one entry for each accelerator and number. The entry names its clusters, unless it is for all of them."""
    by_number: dict[tuple[str, int, int], list[tuple[NamespaceObjects, str]]] = {}
    for place in places:
        report_queues(place, builder)
        for share in _in_order(place, _shares_by_pool(_shares(place, builder))):
            number = share.pool.id, share.quota, share.borrow
            by_number.setdefault(number, []).append((place, share.why))
    gpus, whys = [], []
    for (pool, quota, borrow), found in by_number.items():
        profile, _, name = pool.partition("@")
        gpu: dict[str, Any] = {"profile": profile} | ({"pool": name} if name else {})
        gpu |= {"quota": quota} | ({"borrow": borrow} if borrow else {})
        if len(found) < len(places):
            gpu["clusters"] = [place.cluster for place, _ in found]
        gpus.append(gpu)
        whys += [f"{pool} from {why}" for why in dict.fromkeys(why for _, why in found)]
    if gpus:
        builder.put("gpus", gpus, "; ".join(whys))


def _shares_by_pool(shares: Iterable[_Share]) -> list[_Share]:
    """Return one share for each pool: the sum over all queues and flavors."""
    found: dict[str, list[_Share]] = {}
    for share in shares:
        found.setdefault(share.pool.id, []).append(share)
    return [of_pool[0] if len(of_pool) == 1 else _total_share(of_pool) for of_pool in found.values()]


def _total_share(shares: list[_Share]) -> _Share:
    parts = (
        f"{each.why} ({each.quota}{f' and {each.borrow} to borrow' if each.borrow else ''})"
        for each in shares
    )
    quota, borrow = sum(each.quota for each in shares), sum(each.borrow for each in shares)
    return _Share(shares[0].pool, quota, borrow, " and ".join(parts))


def _in_order(place: NamespaceObjects, shares: list[_Share]) -> list[_Share]:
    """Sort shares in the order of goldenpath's annotations on the Namespace, so that adoption changes no annotation."""
    body = place.namespace_object.body if place.namespace_object else {}
    annotations = labels_of(body, "annotations")
    order = [
        name
        for key in (names.ACCELERATORS, names.DEVICE_CLASSES)
        for name in annotations.get(key, "").split(",")
    ]

    def position(share: _Share) -> int:
        name = share.pool.name if share.pool.dra else share.pool.resource
        return order.index(name) if name in order else len(order)

    return sorted(shares, key=position)


def _shares(place: NamespaceObjects, builder: AdoptionBuilder) -> Iterator[_Share]:
    limits = limits_of(place)
    queues = queues_of(place)
    by_resource: defaultdict[str, list[QueueShare]] = defaultdict(list)
    for share in (share for queue in queues for share in queue.shares):
        by_resource[share.resource].append(share)
    counted: set[str] = set()
    _cover_keys(place, builder)
    for resource, pools in _pools_by_resource(place.platform.pools).items():
        keys = pools[0].quota_keys
        counted |= set(keys)
        limit = next((limits[key] for key in keys if key in limits), None)
        if resource in by_resource:
            yield from _from_queue(place, builder, pools, by_resource.pop(resource), limit)
        elif limit is not None and limit.number > 0:
            yield from _from_quota(place, builder, pools, limit)
        else:
            _report_without_quota(place, builder, pools)
    for resource, shares in by_resource.items():
        message = f"its queue has a quota of {resource}, which no pool of {place.cluster} in the fleet has"
        fix = f"Add the accelerator to {place.cluster} in the fleet's file, or remove it from the queue."
        builder.report(place, shares[0].queue, "adopt-unknown-accelerator", message, fix, severity=Severity.ERROR)  # fmt: skip
    _report_other_keys(place, builder, {key: limit for key, limit in limits.items() if key not in counted})
    _report_without_pool(place, builder)


def _pools_by_resource(pools: Iterable[Pool]) -> dict[str, list[Pool]]:
    found: dict[str, list[Pool]] = {}
    for pool in pools:
        found.setdefault(pool.resource, []).append(pool)
    return found


def _from_queue(
    place: NamespaceObjects,
    builder: AdoptionBuilder,
    pools: list[Pool],
    shares: list[QueueShare],
    limit: Limit | None,
) -> Iterator[_Share]:
    total = 0
    for share in shares:
        pool = _pool_of_flavor(place, pools, share)
        if pool is None:
            _report_ambiguous(
                place, builder, pools, f"flavor {share.flavor} of its queue has a quota of {share.nominal}"
            )
            continue
        borrow = share.borrow
        if borrow is None:
            borrow = max(pool.count - share.nominal, 0)
            message = f"its queue may borrow {share.resource} without a limit; the request has {borrow}, the rest of the pool"
            fix = "Set `borrow` to the number that the team needs."
            builder.report(place, share.queue, "adopt-borrows-without-limit", message, fix)
        quota = share.nominal
        total += quota + borrow
        if quota == 0 and borrow == 0:
            continue
        yield _Share(pool, quota, borrow, f"flavor {share.flavor} of {share.queue} on {place.cluster}")
    if limit is not None and limit.number != total:
        message = (
            f"its queue allows {total} of {shares[0].resource}, and its ResourceQuota allows {limit.text}"
        )
        fix = (
            "The request has the queue's number, which separates quota and borrowing. Check that it is right."
        )
        builder.report(place, limit.quota, "adopt-queue-against-quota", message, fix)


def _pool_of_flavor(place: NamespaceObjects, pools: list[Pool], share: QueueShare) -> Pool | None:
    """Find the pool by goldenpath's name of the flavor, by the flavor's node labels, or as the only possible one."""
    for pool in pools:
        if pool.name == share.flavor:
            return pool
    flavors = [item for item in place.shared("ResourceFlavor") if item.name == share.flavor]
    labels = at(flavors[0].body, "spec", "nodeLabels") if flavors else None
    if isinstance(labels, dict) and labels:
        fitting = [pool for pool in pools if _selects(place, pool, labels)]
        return fitting[0] if len(fitting) == 1 else None
    if any(share.flavor == model.id for model in catalogue().models):
        return None  # the flavor has the name of another model
    return pools[0] if len(pools) == 1 else None


def _selects(place: NamespaceObjects, pool: Pool, labels: dict[str, Any]) -> bool:
    """Whether labels select the pool's nodes, by the labels that distinguish the pool if it has such labels."""
    distinct = place.platform.telling_labels(pool) or tuple(
        (label, value) for label, values in pool.node_labels.items() for value in values
    )
    return any(labels.get(label) == value for label, value in distinct)


def _from_quota(
    place: NamespaceObjects, builder: AdoptionBuilder, pools: list[Pool], limit: Limit
) -> Iterator[_Share]:
    number = whole(limit.number)
    if len(pools) == 1:
        yield _Share(pools[0], number, 0, f"{limit.quota} on {place.cluster}")
        return
    wanted = {
        pool.name: pool
        for use in device_uses(place)
        if use.resource == pools[0].resource
        for pool in pools
        if _selects(place, pool, use.node_selector)
    }
    if len(wanted) == 1:
        (pool,) = wanted.values()
        yield _Share(pool, number, 0, f"{limit.quota} on {place.cluster}, and the workloads' node selector")
        message = f"{limit.text} of {pool.resource} can be any of {_pool_names(pools)}; the workloads select {pool.id}"
        builder.report(
            place, limit.quota, "adopt-guessed-model", message, "Check that it is the right model."
        )
        return
    _report_ambiguous(place, builder, pools, f"its quota allows {limit.text}")


def _report_ambiguous(
    place: NamespaceObjects, builder: AdoptionBuilder, pools: list[Pool], fact: str
) -> None:
    message = f"{fact} of {pools[0].resource}, which on {place.cluster} can be {_pool_names(pools)}; no object decides which"
    fix = f"Name one of {_pool_names(pools)} under `gpus`, with its number."
    builder.report(place, None, "adopt-which-accelerator", message, fix, severity=Severity.ERROR, at="gpus")


def _pool_names(pools: Iterable[Pool]) -> str:
    return " or ".join(pool.id for pool in pools)


def _report_without_quota(place: NamespaceObjects, builder: AdoptionBuilder, pools: list[Pool]) -> None:
    """Report workloads with devices that no quota grants. Admission would refuse their next Pods."""
    used = sum(use.count for use in device_uses(place) if use.resource == pools[0].resource)
    if used:
        message = f"its workloads request {used} of {pools[0].resource}, which no quota or queue grants"
        fix = f"Set the number of {_pool_names(pools)} under `gpus`: a profile that the request does not list has quota 0."
        builder.report(
            place, None, "adopt-accelerator-unsaid", message, fix, severity=Severity.ERROR, at="gpus"
        )


def _cover_keys(place: NamespaceObjects, builder: AdoptionBuilder) -> None:
    """Cover the quota keys of the cluster's accelerators, which the request or a finding names."""
    keys = {key for pool in place.platform.pools for key in pool.quota_keys}
    for quota in place.of("ResourceQuota"):
        hard = at(quota.body, "spec", "hard")
        if isinstance(hard, dict) and not has_scopes(at(quota.body, "spec")):
            builder.cover(place, quota, *(field_path("spec.hard", str(key)) for key in hard if key in keys))


def _report_without_pool(place: NamespaceObjects, builder: AdoptionBuilder) -> None:
    """Report workloads that request a resource that no pool of the cluster has."""
    known = {pool.resource for pool in place.platform.pools}
    devices = {name for model in catalogue().models for name in catalogue().resource_names_of(model.id)}
    vendors = {name.split("/")[0] for name in devices if "/" in name}
    used: defaultdict[tuple[str, str], int] = defaultdict(int)
    items = {}
    for use in device_uses(place):
        if use.resource not in known and use.count:
            used[use.resource, str(use.item)] += use.count
            items[str(use.item)] = use.item
    for (resource, name), count in used.items():
        message = f"requests {count} of {resource}, which no pool of {place.cluster} in the fleet has"
        rule, severity = "adopt-unknown-accelerator", Severity.ERROR
        if resource.startswith(BY_CLASS):
            device_class = resource.removeprefix(BY_CLASS)
            message = f"claims {count} of device class {device_class}, which no pool of {place.cluster} has"
            fix = "Name the accelerator under `gpus`, and change the claims to its class: a profile that the request does not list has quota 0."  # fmt: skip
        elif resource in devices or resource.split("/")[0] in vendors:
            fix = f"Add the accelerator to {place.cluster} in the fleet's file and name it under `gpus`, or change the workload."  # fmt: skip
        else:
            fix = "It is not an accelerator of the catalogue, and no quota limits it: check that the nodes still offer it."
            rule, severity = "adopt-unknown-resource", Severity.WARNING
        builder.report(place, items[name], rule, message, fix, severity=severity)


def _report_other_keys(place: NamespaceObjects, builder: AdoptionBuilder, limits: dict[str, Limit]) -> None:
    """Report quota keys that look like devices, and that no pool of the cluster has."""
    resources = {pool.resource: pool for pool in place.platform.pools}
    known = {name for model in catalogue().models for name in catalogue().resource_names_of(model.id)}
    for key, limit in limits.items():
        match = _DEVICE_KEY.fullmatch(key)
        if match is None or _NOT_DEVICES.fullmatch(key) or limit.number == 0:
            continue
        resource = match["resource"] or ""
        near = nearest(resource, resources)
        where = field_path(limit.hard_path, key)
        if resource in resources and not key.startswith(_REQUESTS):
            message = f"allows {limit.text} with the key {key}, which has no effect, because no API server counts it"
            fix = f"Set {limit.text} under `gpus` if this limit was intended."
        elif key.endswith("/devices") or "deviceclass" in key:
            message = f"allows {limit.text} with {key}, a device class that does not identify an accelerator"
            fix = _IN_REQUEST
        elif resource in known:
            message = f"allows {limit.text} of {resource}, which the fleet does not have on {place.cluster}"
            fix = f"Add it to `accelerators` of {place.cluster} in the fleet's file" + (f", or ask for {resources[near].accelerator.id}." if near else ".")  # fmt: skip
        elif match["word"] or place.platform.pools:
            message = f"allows {limit.text} with {key}, which is not an accelerator of the catalogue"
            guess = f"Perhaps {resources[near].accelerator.id} was meant ({near}). " if near else ""
            fix = guess + _IN_REQUEST
        else:
            if limit.quota.kind == "ResourceQuota":
                advice = "It is not an accelerator: override the quota, or keep it."
                what = f"limits {key} to {limit.text}"
                builder.leave(place, limit.quota, ToDo.OVERRIDE, what, advice, at=where)
            continue
        builder.report(place, limit.quota, "adopt-wrong-key", message, fix, severity=Severity.ERROR, at=where)
