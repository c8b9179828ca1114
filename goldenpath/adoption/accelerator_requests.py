"""``gpus``: from queues and quota keys back to entries of the catalogue, by what each cluster offers.

A queue's flavor tells the model and what may be borrowed; a quota key alone tells a model only where no other of
the cluster has the same resource name. What workloads ask for then decides, and otherwise a person is asked.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.accelerators import catalogue
from goldenpath.adoption.adoption_result import ToDo
from goldenpath.adoption.compute import limits_of
from goldenpath.adoption.field_ledger import field_path
from goldenpath.adoption.namespace_objects import at, labels_of, whole
from goldenpath.adoption.pod_templates import BY_CLASS, asked_by_workloads
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
# A key that means an extended resource or a device class, whether or not an API server counts it.
_DEVICE_KEY: Final = re.compile(r"(requests\.|limits\.)?(?P<resource>[^/]+/[^/]+)|(?P<word>gpus?|nvidia)")
_NOT_DEVICES: Final = re.compile(r"(count/|hugepages-|.*storageclass\.storage\.k8s\.io/).*")
_IN_REQUEST: Final = "Say it under `gpus`: `goldenpath profiles` lists what there is."


@dataclass(frozen=True, slots=True)
class _Share:
    """What the namespace has of a pool on one cluster, and how that is known."""

    pool: Pool
    quota: int
    borrow: int
    why: str


def derive_gpus(places: Sequence[NamespaceObjects], account: AdoptionBuilder) -> None:
    """One entry for each accelerator and number; it names its clusters where it is not on all."""
    by_number: dict[tuple[str, int, int], list[tuple[NamespaceObjects, str]]] = {}
    for place in places:
        report_queues(place, account)
        for share in _in_order(place, _summed(_shares(place, account))):
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
        account.put("gpus", gpus, "; ".join(whys))


def _summed(shares: Iterable[_Share]) -> list[_Share]:
    """One share of each pool: two queues, or two flavors of one pool, give out their sum."""
    found: dict[str, list[_Share]] = {}
    for share in shares:
        found.setdefault(share.pool.id, []).append(share)
    return [of_pool[0] if len(of_pool) == 1 else _sum(of_pool) for of_pool in found.values()]


def _sum(shares: list[_Share]) -> _Share:
    parts = (
        f"{each.why} ({each.quota}{f' and {each.borrow} to borrow' if each.borrow else ''})"
        for each in shares
    )
    quota, borrow = sum(each.quota for each in shares), sum(each.borrow for each in shares)
    return _Share(shares[0].pool, quota, borrow, " and ".join(parts))


def _in_order(place: NamespaceObjects, shares: list[_Share]) -> list[_Share]:
    """As goldenpath wrote them on the Namespace, where it did; then adopting changes no annotation."""
    body = place.namespace_object.body if place.namespace_object else {}
    said = labels_of(body, "annotations")
    order = [
        word for key in (names.ACCELERATORS, names.DEVICE_CLASSES) for word in said.get(key, "").split(",")
    ]

    def position(share: _Share) -> int:
        word = share.pool.name if share.pool.dra else share.pool.resource
        return order.index(word) if word in order else len(order)

    return sorted(shares, key=position)


def _shares(place: NamespaceObjects, account: AdoptionBuilder) -> Iterator[_Share]:
    limits = limits_of(place)
    queues = queues_of(place)
    by_resource: defaultdict[str, list[QueueShare]] = defaultdict(list)
    for share in (share for queue in queues for share in queue.shares):
        by_resource[share.resource].append(share)
    counted: set[str] = set()
    _take_keys(place, account)
    for resource, pools in _pools_by_resource(place.platform.pools).items():
        keys = pools[0].quota_keys
        counted |= set(keys)
        wall = next((limits[key] for key in keys if key in limits), None)
        if resource in by_resource:
            yield from _from_queue(place, account, pools, by_resource.pop(resource), wall)
        elif wall is not None and wall.number > 0:
            yield from _from_quota(place, account, pools, wall)
        else:
            _without_quota(place, account, pools)
    for resource, left in by_resource.items():
        message = f"its queue gives out {resource}, by which nothing on {place.cluster} is asked for, as the fleet says"
        fix = f"Add the accelerator to {place.cluster} in the fleet's file, or take it out of the queue."
        account.find(place, left[0].queue, "adopt-unknown-accelerator", message, fix, severity=Severity.ERROR)  # fmt: skip
    _other_keys(place, account, {key: limit for key, limit in limits.items() if key not in counted})
    _of_no_pool(place, account)


def _pools_by_resource(pools: Iterable[Pool]) -> dict[str, list[Pool]]:
    found: dict[str, list[Pool]] = {}
    for pool in pools:
        found.setdefault(pool.resource, []).append(pool)
    return found


def _from_queue(
    place: NamespaceObjects,
    account: AdoptionBuilder,
    pools: list[Pool],
    shares: list[QueueShare],
    wall: Limit | None,
) -> Iterator[_Share]:
    total = 0
    for share in shares:
        pool = _pool_of_flavor(place, pools, share)
        if pool is None:
            _ask(place, account, pools, f"flavor {share.flavor} of its queue gives out {share.nominal}")
            continue
        borrow = share.borrow
        if borrow is None:
            borrow = max(pool.count - share.nominal, 0)
            message = f"its queue may borrow {share.resource} without a limit; {borrow} is all that there is"
            account.find(
                place,
                share.queue,
                "adopt-borrows-without-limit",
                message,
                "Set under `borrow` what it needs.",
            )
        quota = share.nominal
        total += quota + borrow
        if quota == 0 and borrow == 0:
            continue
        yield _Share(pool, quota, borrow, f"flavor {share.flavor} of {share.queue} on {place.cluster}")
    if wall is not None and wall.number != total:
        message = f"its queue may give out {total} of {shares[0].resource}, and its ResourceQuota allows {wall.text}"
        fix = "The request takes the queue's number, which tells quota and borrowing apart. Check that it is right."
        account.find(place, wall.quota, "adopt-queue-against-quota", message, fix)


def _pool_of_flavor(place: NamespaceObjects, pools: list[Pool], share: QueueShare) -> Pool | None:
    """By the flavor's name, as goldenpath gives it, else by its node labels, else the only one that it can be."""
    for pool in pools:
        if pool.name == share.flavor:
            return pool
    flavors = [item for item in place.shared("ResourceFlavor") if item.name == share.flavor]
    labels = at(flavors[0].body, "spec", "nodeLabels") if flavors else None
    if isinstance(labels, dict) and labels:
        fitting = [pool for pool in pools if _fits(place, pool, labels)]
        return fitting[0] if len(fitting) == 1 else None
    if any(share.flavor == model.id for model in catalogue().models):
        return None  # the flavor has the name of another model
    return pools[0] if len(pools) == 1 else None


def _fits(place: NamespaceObjects, pool: Pool, labels: dict[str, Any]) -> bool:
    """Whether labels select the pool's nodes: one that tells it from its like, where it has such."""
    telling = place.platform.telling_labels(pool) or tuple(
        (label, value) for label, values in pool.node_labels.items() for value in values
    )
    return any(labels.get(label) == value for label, value in telling)


def _from_quota(
    place: NamespaceObjects, account: AdoptionBuilder, pools: list[Pool], wall: Limit
) -> Iterator[_Share]:
    number = whole(wall.number)
    if len(pools) == 1:
        yield _Share(pools[0], number, 0, f"{wall.quota} on {place.cluster}")
        return
    wanted = {
        pool.name: pool
        for use in asked_by_workloads(place)
        if use.resource == pools[0].resource
        for pool in pools
        if _fits(place, pool, use.node_selector)
    }
    if len(wanted) == 1:
        (pool,) = wanted.values()
        yield _Share(pool, number, 0, f"{wall.quota} on {place.cluster}, and the node selector of what runs")
        message = (
            f"{wall.text} of {pool.resource} may be any of {_choice(pools)}; what runs selects {pool.id}"
        )
        account.find(place, wall.quota, "adopt-guessed-model", message, "See that it is the right model.")
        return
    _ask(place, account, pools, f"its quota allows {wall.text}")


def _ask(place: NamespaceObjects, account: AdoptionBuilder, pools: list[Pool], what: str) -> None:
    message = f"{what} of {pools[0].resource}; on {place.cluster} that may be {_choice(pools)}, and nothing decides between them"
    fix = f"Say it under `gpus`, with its number: {_choice(pools)}."
    account.find(place, None, "adopt-which-accelerator", message, fix, severity=Severity.ERROR, at="gpus")


def _choice(pools: Iterable[Pool]) -> str:
    return " or ".join(pool.id for pool in pools)


def _without_quota(place: NamespaceObjects, account: AdoptionBuilder, pools: list[Pool]) -> None:
    """What runs with devices that nothing grants would be refused when it is next made."""
    used = sum(use.count for use in asked_by_workloads(place) if use.resource == pools[0].resource)
    if used:
        message = f"what runs asks for {used} of {pools[0].resource}, and no quota or queue grants it"
        fix = f"Set under `gpus` how many of {_choice(pools)} it has: a profile that the request does not list has quota 0."
        account.find(
            place, None, "adopt-accelerator-unsaid", message, fix, severity=Severity.ERROR, at="gpus"
        )


def _key_path(limit: Limit, key: str) -> str:
    """Where the quota says the key: limits are kept under their full names, which people shorten."""
    root = "spec.hard" if limit.quota.kind == "ResourceQuota" else "spec.resourceQuotaSpec.hard"
    return field_path(root, key)


def _take_keys(place: NamespaceObjects, account: AdoptionBuilder) -> None:
    """Keys of the cluster's own accelerators are in the request, or a finding has asked about them."""
    keys = {key for pool in place.platform.pools for key in pool.quota_keys}
    for quota in place.of("ResourceQuota"):
        hard = at(quota.body, "spec", "hard")
        if isinstance(hard, dict) and not at(quota.body, "spec", "scopes") and not at(quota.body, "spec", "scopeSelector"):  # fmt: skip
            account.take(place, quota, *(field_path("spec.hard", str(key)) for key in hard if key in keys))


def _of_no_pool(place: NamespaceObjects, account: AdoptionBuilder) -> None:
    """What runs with a resource that no pool of the cluster has."""
    known = {pool.resource for pool in place.platform.pools}
    devices = {name for model in catalogue().models for name in catalogue().resource_names_of(model.id)}
    vendors = {name.split("/")[0] for name in devices if "/" in name}
    used: defaultdict[tuple[str, str], int] = defaultdict(int)
    items = {}
    for use in asked_by_workloads(place):
        if use.resource not in known and use.count:
            used[use.resource, str(use.item)] += use.count
            items[str(use.item)] = use.item
    for (resource, name), count in used.items():
        message = f"asks for {count} of {resource}, which no pool of {place.cluster} in the fleet has"
        if resource.startswith(BY_CLASS):
            device_class = resource.removeprefix(BY_CLASS)
            message = f"asks for {count} of device class {device_class} by claims, and no pool of {place.cluster} has that class"
            fix = "Name the accelerator under `gpus`, and change the claims to its class: a profile that the request does not list has quota 0."  # fmt: skip
            account.find(
                place, items[name], "adopt-unknown-accelerator", message, fix, severity=Severity.ERROR
            )
        elif resource in devices or resource.split("/")[0] in vendors:
            fix = f"Add the accelerator to {place.cluster} in the fleet's file and say it under `gpus`, or change what asks for it."  # fmt: skip
            account.find(
                place, items[name], "adopt-unknown-accelerator", message, fix, severity=Severity.ERROR
            )
        else:
            fix = "It is not an accelerator of the catalogue: see that the nodes still offer it, since no quota limits it."
            account.find(place, items[name], "adopt-unknown-resource", message, fix)


def _other_keys(place: NamespaceObjects, account: AdoptionBuilder, limits: dict[str, Limit]) -> None:
    """Keys that look like devices, and that this cluster does not offer."""
    resources = {pool.resource: pool for pool in place.platform.pools}
    known = {name for model in catalogue().models for name in catalogue().resource_names_of(model.id)}
    for key, limit in limits.items():
        match = _DEVICE_KEY.fullmatch(key)
        if match is None or _NOT_DEVICES.fullmatch(key) or limit.number == 0:
            continue
        resource = match["resource"] or ""
        near = nearest(resource, resources)
        where = _key_path(limit, key)
        if resource in resources and not key.startswith(_REQUESTS):
            message = (
                f"allows {limit.text} by the key {key}, which no API server counts, so it limits nothing"
            )
            fix = f"Say {limit.text} under `gpus` if that was meant; the request then limits it."
        elif key.endswith("/devices") or "deviceclass" in key:
            message = f"allows {limit.text} by {key}, a device class that does not tell which accelerator"
            fix = _IN_REQUEST
        elif resource in known:
            message = f"allows {limit.text} of {resource}, which the fleet does not have on {place.cluster}"
            fix = f"Add it to `accelerators` of {place.cluster} in the fleet's file" + (f", or ask for {resources[near].accelerator.id}." if near else ".")  # fmt: skip
        elif match["word"] or place.platform.pools:
            message = f"allows {limit.text} by {key}, which names no accelerator of the catalogue"
            fix = (
                f"Perhaps {resources[near].accelerator.id} was meant ({near}). {_IN_REQUEST}"
                if near
                else _IN_REQUEST
            )
        else:
            if limit.quota.kind != "ResourceQuota":
                continue
            what, advice = (
                f"limits {key} to {limit.text}",
                "It is not an accelerator: override the quota, or keep it.",
            )
            account.leave(place, limit.quota, ToDo.OVERRIDE, what, advice, at=where)
            continue
        account.find(place, limit.quota, "adopt-wrong-key", message, fix, severity=Severity.ERROR, at=where)
