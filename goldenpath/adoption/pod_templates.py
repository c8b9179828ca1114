"""Devices that workloads ask for in Pod templates and claims, and the nodes that they select.

A Pod template is recognised by its shape, in an object of any kind: a mapping with ``containers``. So is a part of a
custom resource with ``resources`` (the model of an InferenceService). Numbers of replicas above it multiply.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.namespace_objects import at, mappings, whole
from goldenpath.spec.quantities import quantity_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

__all__ = ["BY_CLASS", "DeviceUse", "accounts_of_workloads", "asked_by_workloads"]

# Fields with a number of equal Pods: of workloads, of Ray's worker groups, of JobSets, of KServe.
_COUNTS: Final = ("replicas", "parallelism", "minReplicas", "numReplicas", "numberOfReplicas")
# Kinds that hold numbers of resources and no Pods.
_NO_WORKLOADS: Final = frozenset(
    {
        "ClusterQueue",
        "ConfigMap",
        "CustomResourceDefinition",
        "LimitRange",
        "LocalQueue",
        "ResourceQuota",
        "Secret",
    }
)
BY_CLASS: Final = "deviceclass.resource.kubernetes.io/"
"""Before a DeviceClass: the name of the resource by which a device of it is counted."""
_MOST_DEPTH: Final = 40
_MOST: Final = 2**31 - 1
_DEVICE: Final = re.compile(r"[a-z0-9.-]+/[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class DeviceUse:
    """So many devices of a resource, on nodes with these labels. ``item`` asks for them."""

    resource: str
    count: int
    node_selector: dict[str, Any]
    item: ManifestObject


def asked_by_workloads(place: NamespaceObjects) -> tuple[DeviceUse, ...]:
    """Each Pod's devices, times its replicas. What a controller made is counted by its owner.

    A Pod has a claim of its own from each template that it names; a claim that was made by itself counts once.
    """
    templates = {
        item.name: _claimed(at(item.body, "spec", "spec")) for item in place.of("ResourceClaimTemplate")
    }
    in_pods = (
        DeviceUse(resource, count, selector, item)
        for item in _workloads(place)
        for resource, count, selector in _Uses(templates).of(item.body.get("spec"), 1, {}, 0)
    )
    in_claims = (
        DeviceUse(resource, count, {}, item)
        for item in place.of("ResourceClaim")
        if not mappings(item.body, "metadata", "ownerReferences")
        for resource, count in _claimed(item.body.get("spec")).items()
    )
    return (*in_pods, *in_claims)


def accounts_of_workloads(place: NamespaceObjects) -> dict[str, str]:
    """By service account: a workload that runs as it; ``default`` for those that name none."""
    found: dict[str, str] = {}
    for item in _workloads(place):
        for pod in _pods(item.body.get("spec"), 0):
            name = str(at(pod, "serviceAccountName") or at(pod, "serviceAccount") or "default")
            found.setdefault(name, f"{item.kind} {item.name}")
    return found


def _workloads(place: NamespaceObjects) -> Iterator[ManifestObject]:
    for item in place.objects:
        if item.namespace != place.namespace or item.kind in _NO_WORKLOADS:
            continue
        if not mappings(item.body, "metadata", "ownerReferences"):
            yield item


def _is_pod(node: dict[str, Any]) -> bool:
    return bool(mappings(node, "containers"))


def _pods(node: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > _MOST_DEPTH:
        return
    if isinstance(node, dict):
        if _is_pod(node):
            yield node
            return
        for part in node.values():
            yield from _pods(part, depth + 1)
    elif isinstance(node, list):
        for part in node:
            yield from _pods(part, depth + 1)


Use = tuple[str, int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Uses:
    """Reads what Pods ask for, with the claim templates of their namespace by name."""

    templates: dict[str, Counter[str]]

    def of(self, node: Any, times: int, selector: dict[str, Any], depth: int) -> Iterator[Use]:
        """Resource, number and node labels of each Pod in a part of an object."""
        if depth > _MOST_DEPTH:
            return
        if isinstance(node, list):
            for part in node:
                yield from self.of(part, times, selector, depth + 1)
        if not isinstance(node, dict):
            return
        own = node.get("nodeSelector")
        selector = own if isinstance(own, dict) else selector
        for field in _COUNTS:
            number = node.get(field)
            if isinstance(number, int) and not isinstance(number, bool) and number > 0:
                times = min(times * number, _MOST)
                break
        asked = _of_pod(node) + self._of_claims(node) if _is_pod(node) else _of_container(node)
        for resource, count in asked.items():
            yield resource, min(count * times, _MOST), selector
        for key, part in node.items():
            if key == "resources" or (key in {"containers", "initContainers"} and _is_pod(node)):
                continue
            yield from self.of(part, _in_group(node, key, times), selector, depth + 1)

    def _of_claims(self, pod: dict[str, Any]) -> Counter[str]:
        found: Counter[str] = Counter()
        for claim in mappings(pod, "resourceClaims"):
            found.update(self.templates.get(str(claim.get("resourceClaimTemplateName")), Counter()))
        return found


def _claimed(spec: Any) -> Counter[str]:
    """Devices of a claim, by class; of alternatives the first, and one where all of a node are asked for."""
    found: Counter[str] = Counter()
    for request in mappings(spec, "devices", "requests"):
        alternatives = mappings(request, "firstAvailable")
        exactly = request.get("exactly")
        asked = alternatives[0] if alternatives else exactly if isinstance(exactly, dict) else request
        name, count = asked.get("deviceClassName"), asked.get("count")
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            count = 1
        if isinstance(name, str) and name:
            found[f"{BY_CLASS}{name}"] += min(count, _MOST)
    return found


def _in_group(node: dict[str, Any], key: str, times: int) -> int:
    """A LeaderWorkerSet has ``size`` Pods in each group; one is the leader."""
    size = node.get("size")
    if key != "workerTemplate" or not isinstance(size, int) or isinstance(size, bool) or size < 1:
        return times
    return min(times * (size - 1 if "leaderTemplate" in node else size), _MOST)


def _of_pod(pod: dict[str, Any]) -> Counter[str]:
    """What the scheduler counts: containers and sidecars together, or the largest init container."""
    running: Counter[str] = Counter()
    for container in mappings(pod, "containers"):
        running.update(_of_container(container))
    largest: Counter[str] = Counter()
    for container in mappings(pod, "initContainers"):
        if container.get("restartPolicy") == "Always":
            running.update(_of_container(container))
        else:
            largest |= _of_container(container)
    return running | largest


def _of_container(container: dict[str, Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for part in ("requests", "limits"):
        asked = at(container, "resources", part)
        for resource, number in asked.items() if isinstance(asked, dict) else ():
            if not isinstance(resource, str) or not _DEVICE.fullmatch(resource):
                continue
            try:
                found[resource] = max(found[resource], whole(quantity_value(str(number))))
            except ValueError:
                continue
    return found
