"""The objects of one namespace on one cluster, and reading them without trust in their shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from goldenpath.manifests import ManifestObject
    from goldenpath.tenancy import Platform

__all__ = [
    "MANAGED_BY",
    "NAMESPACE_LABEL",
    "NamespaceObjects",
    "at",
    "labels_of",
    "mappings",
    "text",
    "texts",
    "whole",
]

NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"
MANAGED_BY: Final = "app.kubernetes.io/managed-by"
_MOST: Final = 2**31 - 1


def at(value: Any, *keys: str) -> Any:
    """The value at the end of the keys; None if it is missing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text(value: Any, *keys: str) -> str:
    """The text at the end of the keys; empty if it is missing."""
    found = at(value, *keys)
    return found if isinstance(found, str) else ""


def whole(number: Decimal | int) -> int:
    """Rounded up, and neither below 0 nor beyond what every reader of a number can hold."""
    return max(0, min(math.ceil(number), _MOST))


def labels_of(body: dict[str, Any], part: str = "labels") -> dict[str, str]:
    """Labels (or ``annotations``) of an object; what is not text is left out."""
    found = at(body, "metadata", part)
    return {key: value for key, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}  # fmt: skip


def mappings(value: Any, *keys: str) -> tuple[dict[str, Any], ...]:
    """The mappings of the list at the end of the keys."""
    entries = at(value, *keys)
    return tuple(entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()


def texts(value: Any, *keys: str) -> tuple[str, ...]:
    """The texts of the list at the end of the keys."""
    entries = at(value, *keys)
    return tuple(entry for entry in entries if isinstance(entry, str)) if isinstance(entries, list) else ()


@dataclass(frozen=True)
class NamespaceObjects:
    """A namespace on a cluster, with every object that was found for it there."""

    platform: Platform
    namespace: str
    objects: tuple[ManifestObject, ...]

    @property
    def cluster(self) -> str:
        """The cluster's name."""
        return self.platform.name

    def of(self, *kinds: str, group: str | None = None) -> tuple[ManifestObject, ...]:
        """Objects of the namespace of these kinds, by name; of any group, or of one."""
        return tuple(item for item in self._of(kinds, group) if item.namespace == self.namespace)

    def shared(self, *kinds: str, group: str | None = None) -> tuple[ManifestObject, ...]:
        """Objects of these kinds that are in no namespace, or in another one."""
        return tuple(item for item in self._of(kinds, group) if item.namespace != self.namespace)

    def _of(self, kinds: tuple[str, ...], group: str | None) -> Iterator[ManifestObject]:
        for item in self.objects:
            if item.kind in kinds and group in (None, item.api_version.split("/", maxsplit=1)[0]):
                yield item

    @cached_property
    def namespace_object(self) -> ManifestObject | None:
        """The Namespace itself, where it was found."""
        found = (item for item in self.shared("Namespace") if item.name == self.namespace)
        return next(found, None)

    def is_ours(self, item: ManifestObject) -> bool:
        """Whether goldenpath made it, for this namespace."""
        own = labels_of(item.body)
        return own.get(MANAGED_BY) == "goldenpath" and own.get(names.TENANT) == self.namespace

    def applied_by(self, item: ManifestObject) -> str:
        """What applies it from elsewhere, or nothing: its labels say so."""
        own = labels_of(item.body)
        if flux := own.get("kustomize.toolkit.fluxcd.io/name"):
            return f"Flux Kustomization {flux}"
        if flux := own.get("helm.toolkit.fluxcd.io/name"):
            return f"Flux HelmRelease {flux}"
        if own.get(MANAGED_BY) == "Helm":
            release = labels_of(item.body, "annotations").get("meta.helm.sh/release-name", "")
            return f"Helm release {release}".rstrip()
        return ""
