"""Devices that workloads request in Pod templates and claims, and the nodes that they select.

A Pod template is recognised by its shape in an object of any kind: a mapping with ``containers``. A part of a custom
resource with ``resources`` (the model of an InferenceService) counts too. Numbers of replicas above it multiply.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.namespace_objects import at, mappings, quantity, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

__all__ = ["BY_CLASS", "DeviceUse", "device_uses", "workload_accounts"]

# Fields with a number of equal Pods, of workloads, Ray's worker groups, JobSets and KServe.
_COUNTS: Final = ("replicas", "parallelism", "minReplicas", "numReplicas", "numberOfReplicas")
# Kinds with numbers of resources but without Pods.
_NOT_WORKLOADS: Final = frozenset(
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
"""Prefix of a DeviceClass in the name of the resource that counts its devices."""
_MOST_DEPTH: Final = 40
_MOST: Final = 2**31 - 1
_DEVICE: Final = re.compile(r"[a-z0-9.-]+/[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class DeviceUse:
    """Devices that ``item`` requests: resource, number, and the labels of the nodes."""

    resource: str
    count: int
    node_selector: dict[str, Any]
    item: ManifestObject


def device_uses(place: NamespaceObjects) -> tuple[DeviceUse, ...]:
    """Return each Pod's devices, times its replicas. Objects of a controller count with their owner.

    Each Pod has its own claim from each template that it names. A standalone claim counts once.
    """
    templates = {
        item.name: _devices_of_claim(at(item.body, "spec", "spec"))
        for item in place.of("ResourceClaimTemplate")
    }
    in_pods = (
        DeviceUse(resource, count, selector, item)
        for item in _workloads(place)
        for resource, count, selector in _uses(item.body.get("spec"), templates, 1, {}, 0)
    )
    in_claims = (
        DeviceUse(resource, count, {}, item)
        for item in place.of("ResourceClaim")
        if not mappings(item.body, "metadata", "ownerReferences")
        for resource, count in _devices_of_claim(item.body.get("spec")).items()
    )
    return (*in_pods, *in_claims)


def workload_accounts(place: NamespaceObjects) -> dict[str, str]:
    """Return one workload of each service account; workloads without an account are under ``default``."""
    found: dict[str, str] = {}
    for item in _workloads(place):
        for pod in _pods(item.body.get("spec"), 0):
            name = str(at(pod, "serviceAccountName") or at(pod, "serviceAccount") or "default")
            found.setdefault(name, f"{item.kind} {item.name}")
    return found


def _workloads(place: NamespaceObjects) -> Iterator[ManifestObject]:
    for item in place.objects:
        if item.namespace != place.namespace or item.kind in _NOT_WORKLOADS:
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


def _uses(
    node: Any, templates: dict[str, Counter[str]], times: int, selector: dict[str, Any], depth: int
) -> Iterator[Use]:
    """Yield resource, number and node labels of each Pod in a part of an object.

    ``templates`` are the claim templates of the namespace by name.
    """
    if depth > _MOST_DEPTH:
        return
    if isinstance(node, list):
        for part in node:
            yield from _uses(part, templates, times, selector, depth + 1)
    if not isinstance(node, dict):
        return
    own = node.get("nodeSelector")
    selector = own if isinstance(own, dict) else selector
    times = min(times * _number(node, *_COUNTS), _MOST)
    devices = _devices_of_pod(node, templates) if _is_pod(node) else _devices_of_container(node)
    for resource, count in devices.items():
        yield resource, min(count * times, _MOST), selector
    for key, part in node.items():
        if key == "resources" or (key in {"containers", "initContainers"} and _is_pod(node)):
            continue
        yield from _uses(part, templates, _times_in_group(node, key, times), selector, depth + 1)


def _number(node: dict[str, Any], *fields: str) -> int:
    """Return the first positive whole number in the fields; 1 without one."""
    numbers = (node.get(field) for field in fields)
    return next((n for n in numbers if isinstance(n, int) and not isinstance(n, bool) and n > 0), 1)


def _devices_of_claim(spec: Any) -> Counter[str]:
    """Count the devices of a claim by class. Only the first alternative counts, and a request for all devices counts one."""
    found: Counter[str] = Counter()
    for request in mappings(spec, "devices", "requests"):
        alternatives = mappings(request, "firstAvailable")
        exactly = request.get("exactly")
        devices = alternatives[0] if alternatives else exactly if isinstance(exactly, dict) else request
        name = devices.get("deviceClassName")
        if isinstance(name, str) and name:
            found[f"{BY_CLASS}{name}"] += min(_number(devices, "count"), _MOST)
    return found


def _times_in_group(node: dict[str, Any], key: str, times: int) -> int:
    """Multiply by the workers of a LeaderWorkerSet, which has ``size`` Pods in each group, one of them the leader."""
    size = node.get("size")
    if key != "workerTemplate" or not isinstance(size, int) or isinstance(size, bool) or size < 1:
        return times
    return min(times * (size - 1 if "leaderTemplate" in node else size), _MOST)


def _devices_of_pod(pod: dict[str, Any], templates: dict[str, Counter[str]]) -> Counter[str]:
    """Count devices as the scheduler does: containers and sidecars together, or the largest init container; and claims."""
    running: Counter[str] = Counter()
    for container in mappings(pod, "containers"):
        running.update(_devices_of_container(container))
    largest: Counter[str] = Counter()
    for container in mappings(pod, "initContainers"):
        if container.get("restartPolicy") == "Always":
            running.update(_devices_of_container(container))
        else:
            largest |= _devices_of_container(container)
    found = running | largest
    for claim in mappings(pod, "resourceClaims"):
        found.update(templates.get(str(claim.get("resourceClaimTemplateName")), Counter()))
    return found


def _devices_of_container(container: dict[str, Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for part in ("requests", "limits"):
        resources = at(container, "resources", part)
        for resource, value in resources.items() if isinstance(resources, dict) else ():
            is_device = isinstance(resource, str) and _DEVICE.fullmatch(resource)
            if is_device and (number := quantity(value)) is not None:
                found[resource] = max(found[resource], whole(number))
    return found
