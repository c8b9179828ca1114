"""Finds Pods in manifests that access a node's devices directly, without a device plugin or DRA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.errors import InputError
from goldenpath.manifests import ManifestObject, RenderedFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["direct_device_access", "read_manifests"]

_DEVICES = "/dev"
_MOST_DEPTH = 40


def read_manifests(folder: Path) -> tuple[ManifestObject, ...]:
    """Read the objects of all YAML files below a folder; files without objects are skipped.

    Raises:
        InputError: no file holds an object.
    """
    found: list[ManifestObject] = []
    for file in sorted(folder.rglob("*.y*ml")):
        try:
            found += RenderedFile(str(file), file.read_text(encoding="utf-8", errors="replace")).objects()
        except InputError:
            continue
    if not found:
        raise InputError.of("--manifests", "no-manifests", "holds no Kubernetes objects", str(folder))
    return tuple(found)


def direct_device_access(objects: Iterable[ManifestObject]) -> tuple[str, ...]:
    """List the privileged containers, and the volumes with the node's devices, of every Pod in the objects."""
    return tuple(
        f"{item}: {access}" for item in objects for pod in _pods(item.body, 0) for access in _accesses(pod)
    )


def _accesses(pod: dict[str, Any]) -> Iterator[str]:
    for container in (*(pod.get("initContainers") or ()), *pod["containers"]):
        if isinstance(container, dict) and (container.get("securityContext") or {}).get("privileged") is True:
            yield f"container {container.get('name')} is privileged"
    for volume in pod.get("volumes") or ():
        path = str((volume.get("hostPath") or {}).get("path", "")) if isinstance(volume, dict) else ""
        if path in {"/", _DEVICES} or path.startswith(f"{_DEVICES}/"):
            yield f"volume {volume.get('name')} is the node's {path}"


def _pods(node: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > _MOST_DEPTH:
        return
    if isinstance(node, dict):
        if isinstance(node.get("containers"), list):
            yield node
            return
        for part in node.values():
            yield from _pods(part, depth + 1)
    elif isinstance(node, list):
        for part in node:
            yield from _pods(part, depth + 1)
