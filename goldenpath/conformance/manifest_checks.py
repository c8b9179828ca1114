"""Checks manifests for Pods that reach a node's devices directly, without device plugin and DRA."""

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
    """The objects of all YAML files below a folder; a file that holds none is left out.

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
    """Each container that is privileged, and each volume with the node's devices, of any object with a Pod in it."""
    return tuple(
        f"{item}: {what}" for item in objects for pod in _pods(item.body, 0) for what in _reached(pod)
    )


def _reached(pod: dict[str, Any]) -> Iterator[str]:
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
