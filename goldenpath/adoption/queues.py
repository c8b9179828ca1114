"""The namespace's queue in Kueue: what it owns and may borrow, flavor by flavor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.adoption.adoption_result import ToDo
from goldenpath.adoption.compute import limits_of
from goldenpath.adoption.namespace_objects import NAMESPACE_LABEL, at, mappings, text, whole
from goldenpath.spec.quantities import quantity_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.adoption.adoption_result import AdoptionBuilder
    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

__all__ = ["Queue", "QueueShare", "queue_of", "report_queues"]


@dataclass(frozen=True, slots=True)
class QueueShare:
    """How much of a resource a queue has in one flavor; ``borrow`` is None where there is no limit."""

    queue: ManifestObject
    resource: str
    flavor: str
    nominal: int
    borrow: int | None


@dataclass(frozen=True, slots=True)
class Queue:
    """The ClusterQueue that the namespace's LocalQueue leads to."""

    cluster_queue: ManifestObject
    shares: tuple[QueueShare, ...]


def queue_of(place: NamespaceObjects) -> Queue | None:
    """The namespace's own ClusterQueue: that of its LocalQueue, or the one that selects it by name."""
    queues = {item.name: item for item in place.shared("ClusterQueue")}
    targets = [str(at(local.body, "spec", "clusterQueue")) for local in place.of("LocalQueue")]
    found = next((queues[name] for name in targets if name in queues), None)
    if found is None:
        mine = (item for item in queues.values() if _selected(item) == place.namespace)
        found = next(mine, None)
    return Queue(found, tuple(_shares(found))) if found else None


def _selected(queue: ManifestObject) -> Any:
    return at(queue.body, "spec", "namespaceSelector", "matchLabels", NAMESPACE_LABEL)


def _shares(queue: ManifestObject) -> Iterator[QueueShare]:
    in_cohort = bool(at(queue.body, "spec", "cohortName") or at(queue.body, "spec", "cohort"))
    for group in mappings(queue.body, "spec", "resourceGroups"):
        for flavor in mappings(group, "flavors"):
            for resource in mappings(flavor, "resources"):
                name = str(resource.get("name"))
                if name in {"cpu", "memory", "pods", "ephemeral-storage"}:
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
    queue = queue_of(place)
    for local in place.of("LocalQueue"):
        account.settle(place, local)
        if local.name != place.namespace:
            what = f"the queue has the name {local.name}; with the request it is {place.namespace}"
            advice = f"Write kueue.x-k8s.io/queue-name: {place.namespace} on what runs; then remove this LocalQueue."
            account.leave(place, local, ToDo.REMOVE, what, advice, at="metadata.name")
    if queue is None:
        return
    found = queue.cluster_queue
    account.settle(place, found)
    if _selected(found) != place.namespace:
        message = (
            "its ClusterQueue is not for this namespace alone, so that its numbers are not the team's own"
        )
        fix = "See in the request what of it is this team's; then take the namespace out of that queue."
        account.find(place, found, "adopt-shared-queue", message, fix, at="spec.namespaceSelector")
    elif found.name != place.namespace:
        what = f"the queue has the name {found.name}; with the request it is {place.namespace}"
        advice = "Remove it after the first publish, when nothing is admitted by it: two queues count twice."
        account.leave(place, found, ToDo.REMOVE, what, advice, at="metadata.name")
    limits = limits_of(place)
    for name, number in _compute(found).items():
        wall = limits.get(f"requests.{name}")
        if wall is not None and quantity_value(number) != wall.number:
            message = f"its queue has {number} of {name}, and its ResourceQuota allows {wall.text}"
            fix = "The quota's number was taken, for both. See that it is the right one."
            account.find(place, found, "adopt-queue-against-quota", message, fix, at="spec.resourceGroups")


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
