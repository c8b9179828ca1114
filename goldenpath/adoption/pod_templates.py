"""What workloads ask for: the devices in their Pod templates, and the nodes that they select."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.namespace_objects import at, mappings, whole
from goldenpath.spec.quantities import quantity_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.adoption.namespace_objects import NamespaceObjects

__all__ = ["DeviceUse", "accounts_of_workloads", "asked_by_workloads"]

_TEMPLATES: Final = {
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "Pod": ("spec",),
}
_COUNTS: Final = {"Deployment": "replicas", "StatefulSet": "replicas", "Job": "parallelism"}


@dataclass(frozen=True, slots=True)
class DeviceUse:
    """So many devices of a resource, on nodes with these labels."""

    resource: str
    count: int
    node_selector: dict[str, Any]


def asked_by_workloads(place: NamespaceObjects) -> Iterator[DeviceUse]:
    """Each container's devices, times its replicas. What a controller made is counted by its owner."""
    for kind, spec, replicas in _pod_specs(place):
        del kind
        selector = at(spec, "nodeSelector")
        for container in mappings(spec, "containers"):
            limits = at(container, "resources", "limits")
            for resource, number in limits.items() if isinstance(limits, dict) else ():
                if "/" in resource:
                    try:
                        count = whole(quantity_value(str(number))) * replicas
                    except ValueError:
                        continue
                    yield DeviceUse(resource, count, selector if isinstance(selector, dict) else {})


def accounts_of_workloads(place: NamespaceObjects) -> dict[str, str]:
    """By service account: a workload that runs as it; ``default`` for those that name none."""
    found: dict[str, str] = {}
    for name, spec, _ in _pod_specs(place):
        found.setdefault(str(at(spec, "serviceAccountName") or at(spec, "serviceAccount") or "default"), name)
    return found


def _pod_specs(place: NamespaceObjects) -> Iterator[tuple[str, dict[str, Any], int]]:
    for item in place.of(*_TEMPLATES):
        if mappings(item.body, "metadata", "ownerReferences"):
            continue
        spec = at(item.body, *_TEMPLATES[item.kind])
        number = at(item.body, "spec", _COUNTS.get(item.kind, ""))
        if isinstance(spec, dict):
            yield f"{item.kind} {item.name}", spec, number if isinstance(number, int) else 1
