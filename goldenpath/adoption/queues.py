"""The namespace's queues in Kueue: quota and borrowing limit of each flavor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.adoption_result import ToDo
from goldenpath.adoption.compute import limits_of
from goldenpath.adoption.namespace_objects import NAMESPACE_LABEL, at, mappings, quantity, text, whole
from goldenpath.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.adoption.adoption_result import AdoptionBuilder
    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

_COMPUTE: Final = frozenset({"cpu", "memory", "pods", "ephemeral-storage"})

__all__ = ["NamespaceQueue", "QueueShare", "queues_of", "report_queues"]


@dataclass(frozen=True, slots=True)
class QueueShare:
    """A queue's quota of a resource in one flavor. ``borrow`` is None for unlimited borrowing."""

    queue: ManifestObject
    resource: str
    flavor: str
    nominal: int
    borrow: int | None


@dataclass(frozen=True, slots=True)
class NamespaceQueue:
    """A ClusterQueue of the namespace, with its quotas."""

    cluster_queue: ManifestObject
    shares: tuple[QueueShare, ...]


def queues_of(place: NamespaceObjects) -> tuple[NamespaceQueue, ...]:
    """Return the ClusterQueues of the namespace's LocalQueues, or the ClusterQueue that selects the namespace by name."""
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
    number = quantity(value)
    return 0 if number is None else whole(number)


def report_queues(place: NamespaceObjects, builder: AdoptionBuilder) -> None:
    """Report differences from the golden path's queue: names, sharing, and quotas of CPU and memory."""
    queues = queues_of(place)
    known = {queue.cluster_queue.name for queue in queues}
    for local in place.of("LocalQueue"):
        builder.mark_read(place, local)
        if _target(local) in known:
            builder.cover(place, local, "spec.clusterQueue")
        else:
            message = f"names ClusterQueue {_target(local)}, which is not among the objects, so its quotas are unknown"
            fix = "Add that ClusterQueue, or set the team's quotas under `gpus` and `compute`."
            builder.report(place, local, "adopt-queue-unread", message, fix, severity=Severity.ERROR, at="spec.clusterQueue")  # fmt: skip
        if local.name != place.namespace:
            what = f"has the name {local.name} and ClusterQueue {_target(local)}; the golden path's queue is {place.namespace}"
            advice = f"Set kueue.x-k8s.io/queue-name: {place.namespace} on the workloads; then remove this LocalQueue."
            builder.leave(place, local, ToDo.REMOVE, what, advice, at="metadata.name")
    if len(queues) > 1:
        message = f"uses {len(queues)} ClusterQueues ({', '.join(sorted(known))}); a request has one queue, with their sum"
        fix = "Check the sums under `gpus`, and set kueue.x-k8s.io/queue-name on the workloads to the new queue."
        builder.report(place, None, "adopt-several-queues", message, fix, at="gpus")
    for queue in queues:
        _report_queue(place, queue, builder)


def _report_queue(place: NamespaceObjects, queue: NamespaceQueue, builder: AdoptionBuilder) -> None:
    found = queue.cluster_queue
    builder.mark_read(place, found)
    builder.cover(place, found, *_read_paths(found))
    if _selected(found) != place.namespace:
        message = "is shared with other namespaces, so its quotas may not be the team's own"
        fix = "Set the team's part of the quotas in the request; then remove the namespace from that queue."
        builder.report(place, found, "adopt-shared-queue", message, fix, at="spec.namespaceSelector")
    else:
        builder.cover(place, found, "spec.namespaceSelector")
        if found.name != place.namespace:
            what = f"has the name {found.name}; the golden path's queue is {place.namespace}"
            advice = "Remove it after the first publish, when no admitted workload uses it: both queues count against the cluster."
            builder.leave(place, found, ToDo.REMOVE, what, advice, at="metadata.name")
    limits = limits_of(place)
    for name, number in _compute(found).items():
        limit = limits.get(f"requests.{name}")
        if limit is not None and quantity(number) != limit.number:
            message = f"has {number} of {name}, and the ResourceQuota allows {limit.text}"
            fix = "The request has the number of the ResourceQuota for both. Check that it is right."
            builder.report(place, found, "adopt-queue-against-quota", message, fix, at="spec.resourceGroups", covers=False)  # fmt: skip


def _read_paths(queue: ManifestObject) -> Iterator[str]:
    """Yield the fields of a queue that :func:`_shares` reads, which excludes quotas of CPU and memory."""
    for i, group in enumerate(mappings(queue.body, "spec", "resourceGroups")):
        yield f"spec.resourceGroups[{i}].coveredResources"
        for j, flavor in enumerate(mappings(group, "flavors")):
            yield f"spec.resourceGroups[{i}].flavors[{j}].name"
            for k, resource in enumerate(mappings(flavor, "resources")):
                path = f"spec.resourceGroups[{i}].flavors[{j}].resources[{k}]"
                fields = (
                    ("name",)
                    if str(resource.get("name")) in _COMPUTE
                    else ("name", "nominalQuota", "borrowingLimit")
                )
                yield from (f"{path}.{field}" for field in fields)


def _compute(queue: ManifestObject) -> dict[str, str]:
    """Return the quotas of CPU and memory that only one flavor of a queue has."""
    found: dict[str, list[str]] = {}
    for group in mappings(queue.body, "spec", "resourceGroups"):
        for flavor in mappings(group, "flavors"):
            for resource in mappings(flavor, "resources"):
                if text(resource, "name") in {"cpu", "memory"}:
                    found.setdefault(text(resource, "name"), []).append(str(resource.get("nominalQuota")))
    return {
        name: numbers[0]
        for name, numbers in found.items()
        if len(numbers) == 1 and quantity(numbers[0]) is not None
    }
