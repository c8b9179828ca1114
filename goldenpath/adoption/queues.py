"""The namespace's queue in Kueue: what it owns and may borrow, flavor by flavor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.adoption_result import ToDo
from goldenpath.adoption.compute import limits_of
from goldenpath.adoption.namespace_objects import NAMESPACE_LABEL, at, mappings, text, whole
from goldenpath.findings import Severity
from goldenpath.spec.quantities import quantity_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.adoption.adoption_result import AdoptionBuilder
    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

_COMPUTE: Final = frozenset({"cpu", "memory", "pods", "ephemeral-storage"})

__all__ = ["NamespaceQueue", "QueueShare", "queues_of", "report_queues"]


@dataclass(frozen=True, slots=True)
class QueueShare:
    """How much of a resource a queue has in one flavor; ``borrow`` is None where there is no limit."""

    queue: ManifestObject
    resource: str
    flavor: str
    nominal: int
    borrow: int | None


@dataclass(frozen=True, slots=True)
class NamespaceQueue:
    """A ClusterQueue that a LocalQueue of the namespace leads to."""

    cluster_queue: ManifestObject
    shares: tuple[QueueShare, ...]


def queues_of(place: NamespaceObjects) -> tuple[NamespaceQueue, ...]:
    """The namespace's ClusterQueues: those of its LocalQueues, or the one that selects it by name."""
    queues = {item.name: item for item in place.shared("ClusterQueue")}
    targets = dict.fromkeys(_target(local) for local in place.of("LocalQueue"))
    found = [queues[name] for name in targets if name in queues]
    if not found:
        found = [item for item in queues.values() if _selected(item) == place.namespace][:1]
    return tuple(NamespaceQueue(item, tuple(_shares(item))) for item in found)


def _target(local: ManifestObject) -> str:
    return str(at(local.body, "spec", "clusterQueue"))


def _selected(queue: ManifestObject) -> Any:
    return at(queue.body, "spec", "namespaceSelector", "matchLabels", NAMESPACE_LABEL)


def _shares(queue: ManifestObject) -> Iterator[QueueShare]:
    in_cohort = bool(at(queue.body, "spec", "cohortName") or at(queue.body, "spec", "cohort"))
    for group in mappings(queue.body, "spec", "resourceGroups"):
        for flavor in mappings(group, "flavors"):
            for resource in mappings(flavor, "resources"):
                name = str(resource.get("name"))
                if name in _COMPUTE:
                    continue
                limit = resource.get("borrowingLimit")
                borrow = None if limit is None and in_cohort else _whole(limit)
                yield QueueShare(
                    queue, name, str(flavor.get("name")), _whole(resource.get("nominalQuota")), borrow
                )


def _whole(value: Any) -> int:
    try:
        return whole(quantity_value(str(value)))
    except ValueError:
        return 0


def report_queues(place: NamespaceObjects, account: AdoptionBuilder) -> None:
    """What is not as the golden path will have it: names, sharing, and numbers of cpu and memory."""
    queues = queues_of(place)
    known = {queue.cluster_queue.name for queue in queues}
    for local in place.of("LocalQueue"):
        account.see(place, local)
        if _target(local) in known:
            account.take(place, local, "spec.clusterQueue")
        else:
            message = f"leads to ClusterQueue {_target(local)}, which is not among the objects, so its numbers are unknown"
            fix = "Add that ClusterQueue, or set under `gpus` and `compute` what the team has of it."
            account.find(
                place,
                local,
                "adopt-queue-unread",
                message,
                fix,
                severity=Severity.ERROR,
                at="spec.clusterQueue",
            )
        if local.name != place.namespace:
            what = f"the queue has the name {local.name} and leads to {_target(local)}; with the request it is {place.namespace}"
            advice = f"Write kueue.x-k8s.io/queue-name: {place.namespace} on what runs; then remove this LocalQueue."
            account.leave(place, local, ToDo.REMOVE, what, advice, at="metadata.name")
    if len(queues) > 1:
        message = f"uses {len(queues)} ClusterQueues ({', '.join(sorted(known))}); a request has one queue, with the sum of them"
        fix = (
            "See that the sums under `gpus` are right, and write kueue.x-k8s.io/queue-name anew on what runs."
        )
        account.find(place, None, "adopt-several-queues", message, fix, at="gpus")
    for queue in queues:
        _report_queue(place, queue, account)


def _report_queue(place: NamespaceObjects, queue: NamespaceQueue, account: AdoptionBuilder) -> None:
    found = queue.cluster_queue
    account.see(place, found)
    account.take(place, found, *_read_paths(found))
    if _selected(found) != place.namespace:
        message = "its ClusterQueue is not for this namespace alone, so its numbers may not be the team's own"
        fix = "Keep in the request what of it is this team's; then take the namespace out of that queue."
        account.find(place, found, "adopt-shared-queue", message, fix, at="spec.namespaceSelector")
    else:
        account.take(place, found, "spec.namespaceSelector")
        if found.name != place.namespace:
            what = f"the queue has the name {found.name}; with the request it is {place.namespace}"
            advice = "Remove it after the first publish, when no admitted workload uses it: two queues count twice."
            account.leave(place, found, ToDo.REMOVE, what, advice, at="metadata.name")
    limits = limits_of(place)
    for name, number in _compute(found).items():
        wall = limits.get(f"requests.{name}")
        if wall is not None and quantity_value(number) != wall.number:
            message = f"its queue has {number} of {name}, and its ResourceQuota allows {wall.text}"
            fix = "The quota's number was taken, for both. See that it is the right one."
            account.find(
                place,
                found,
                "adopt-queue-against-quota",
                message,
                fix,
                at="spec.resourceGroups",
                covers=False,
            )


def _read_paths(queue: ManifestObject) -> Iterator[str]:
    """The fields of a queue that :func:`_shares` reads; numbers of cpu and memory are not among them."""
    for i, group in enumerate(mappings(queue.body, "spec", "resourceGroups")):
        yield f"spec.resourceGroups[{i}].coveredResources"
        for j, flavor in enumerate(mappings(group, "flavors")):
            yield f"spec.resourceGroups[{i}].flavors[{j}].name"
            for k, resource in enumerate(mappings(flavor, "resources")):
                path = f"spec.resourceGroups[{i}].flavors[{j}].resources[{k}]"
                fields = (
                    ("name",)
                    if resource.get("name") in _COMPUTE
                    else ("name", "nominalQuota", "borrowingLimit")
                )
                yield from (f"{path}.{field}" for field in fields)


def _compute(queue: ManifestObject) -> dict[str, str]:
    """Cores and memory of a queue, where one flavor alone has them."""
    found: dict[str, list[str]] = {}
    for group in mappings(queue.body, "spec", "resourceGroups"):
        for flavor in mappings(group, "flavors"):
            for resource in mappings(flavor, "resources"):
                if text(resource, "name") in {"cpu", "memory"}:
                    found.setdefault(text(resource, "name"), []).append(str(resource.get("nominalQuota")))
    return {
        name: numbers[0] for name, numbers in found.items() if len(numbers) == 1 and _is_quantity(numbers[0])
    }


def _is_quantity(number: str) -> bool:
    try:
        quantity_value(number)
    except ValueError:
        return False
    return True
