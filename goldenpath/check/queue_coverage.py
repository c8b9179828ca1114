"""Finds resources that a queued workload requests and its queue does not cover.

Kueue keeps such a workload pending for ever, without an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.check.object_bodies import mapping, mappings
from goldenpath.errors import InputError
from goldenpath.findings import Finding, Severity
from goldenpath.spec.cluster_spec import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from goldenpath.manifests import ManifestObject

__all__ = ["check_queue_coverage"]

QUEUE_LABEL: Final = "kueue.x-k8s.io/queue-name"
CONFIGURATION: Final = "goldenpath-kueue-configuration"
_PREFIXES_KEY: Final = "excludeResourcePrefixes.yaml"
_BY_CLAIM: Final = "deviceclass.resource.kubernetes.io/"
_COUNTED: Final = ("cpu", "memory")
_DEFAULT_PREFIXES: Final[tuple[str, ...]] = Cluster.model_fields["queue_ignores"].default
_DEEPEST: Final = 40
_VENDORS: Final = ("nvidia.com/", "amd.com/", "gpu.intel.com/", "habana.ai/", "intel.com/", _BY_CLAIM)
"""Prefixes of accelerator resources. Other checks report accelerators that the tenant does not have."""


def check_queue_coverage(objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    """Find requests of queued workloads that their queue does not cover.

    With the ClusterQueue among the objects, a finding is an error. Without it, a resource that no queue of the golden
    path covers is a warning. The prefixes that Kueue ignores come from the platform's ConfigMap, if it is among the
    objects.
    """
    ignored = _ignored(objects)
    queues = {queue.name: queue for queue in objects if queue.kind == "ClusterQueue"}
    local = {
        (queue.namespace, queue.name): queues.get(str(mapping(queue.body, "spec").get("clusterQueue")))
        for queue in objects
        if queue.kind == "LocalQueue"
    }
    for item in objects:
        for name, requested in _requested_by_queue(item).items():
            queue = local.get((item.namespace, name))
            covered = _COUNTED if queue is None else tuple(_covered(queue))
            for resource in sorted(requested - {*covered}):
                is_accelerator = resource.startswith(_VENDORS)
                if resource.startswith(ignored) or (queue is None and is_accelerator):
                    continue
                yield _finding(item, name, resource, covered, is_known=queue is not None)


def _finding(
    item: ManifestObject, queue: str, resource: str, covered: Iterable[str], *, is_known: bool
) -> Finding:
    message = (
        f"requests {resource}, which queue {queue} does not cover ({', '.join(covered)}"
        f"{'' if is_known else ' and accelerators'}): Kueue never admits the workload, and it stays pending"
    )
    fix = (
        "Remove the resource request, or ask the platform team to add the prefix of the resource to `queue_ignores` of "
        "the cluster and to Kueue's `resources.excludeResourcePrefixes`."
    )
    severity = Severity.ERROR if is_known else Severity.WARNING
    return Finding(item.file, str(item), "", "queue-uncovered-resource", severity, message, fix)


def _covered(queue: ManifestObject) -> Iterator[str]:
    for group in mappings(queue.body, "spec", "resourceGroups"):
        covered = group.get("coveredResources")
        yield from (str(name) for name in covered) if isinstance(covered, list) else ()


def _requested_by_queue(item: ManifestObject) -> dict[str, set[str]]:
    """Return the resources that Pods request in a quantity other than 0, by queue.

    The queue label is on a workload of any kind, or on a template inside it, such as the Job template of a CronJob.
    """
    queue = mapping(item.body, "metadata", "labels").get(QUEUE_LABEL)
    spec = mapping(item.body, "spec")
    requested: dict[str, set[str]] = {}
    for name, part in _queued(spec, 0) if queue is None else ((str(queue), spec),):
        requested.setdefault(name, set()).update(_requested(part, 0))
    return requested


def _queued(node: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield each queue label and the part of the object that has it. Labels below another label do not count."""
    if depth > _DEEPEST:
        return
    if isinstance(node, dict) and "metadata" in node:
        name = mapping(node, "metadata", "labels").get(QUEUE_LABEL)
        if name is not None:
            yield str(name), node
            return
    for part in _parts(node):
        yield from _queued(part, depth + 1)


def _requested(node: Any, depth: int) -> Iterator[str]:
    """Yield the requested resources of all Pod specs below a node. A Pod spec is a mapping with `containers`."""
    if depth > _DEEPEST:
        return
    if isinstance(node, dict) and mappings(node, "containers"):
        for holder in (node, *mappings(node, "containers"), *mappings(node, "initContainers")):
            for part in ("requests", "limits"):
                numbers = mapping(holder, "resources", part)
                yield from (name for name, number in numbers.items() if str(number) != "0")
        return
    for part in _parts(node):
        yield from _requested(part, depth + 1)


def _parts(node: Any) -> Iterable[Any]:
    """Return the mappings and lists in a mapping or list."""
    values = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [value for value in values if isinstance(value, dict | list)]


def _ignored(objects: Sequence[ManifestObject]) -> tuple[str, ...]:
    for item in objects:
        if item.kind == "ConfigMap" and item.name == CONFIGURATION:
            text = mapping(item.body, "data").get(_PREFIXES_KEY)
            try:
                settings = mapping(kubeyaml.load(text), "resources") if isinstance(text, str) else {}
            except InputError:
                settings = {}
            prefixes = settings.get("excludeResourcePrefixes")
            return tuple(str(each) for each in prefixes) if isinstance(prefixes, list) else ()
    return _DEFAULT_PREFIXES
