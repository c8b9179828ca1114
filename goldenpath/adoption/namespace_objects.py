"""The objects of one namespace on one cluster, and functions that read them whatever their shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.spec.quantities import quantity_value

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
    "quantity",
    "text",
    "texts",
    "whole",
]

NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"
MANAGED_BY: Final = "app.kubernetes.io/managed-by"
_MOST: Final = 2**31 - 1


def at(value: Any, *keys: str) -> Any:
    """Return the value at the end of the keys; None if it is missing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text(value: Any, *keys: str) -> str:
    """Return the text at the end of the keys; empty if it is missing."""
    found = at(value, *keys)
    return found if isinstance(found, str) else ""


def quantity(value: Any) -> Decimal | None:
    """Return the value of a Kubernetes quantity; None where it is not a quantity."""
    try:
        return quantity_value(str(value))
    except ValueError:
        return None


def whole(number: Decimal | int) -> int:
    """Round a number up, and limit it to 0 and the largest 32-bit integer."""
    return max(0, min(math.ceil(number), _MOST))


def labels_of(body: dict[str, Any], part: str = "labels") -> dict[str, str]:
    """Return the labels (or ``annotations``) of an object whose values are text."""
    found = at(body, "metadata", part)
    return {key: value for key, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}  # fmt: skip


def mappings(value: Any, *keys: str) -> tuple[dict[str, Any], ...]:
    """Return the mappings in the list at the end of the keys."""
    entries = at(value, *keys)
    return tuple(entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()


def texts(value: Any, *keys: str) -> tuple[str, ...]:
    """Return the texts in the list at the end of the keys."""
    entries = at(value, *keys)
    return tuple(entry for entry in entries if isinstance(entry, str)) if isinstance(entries, list) else ()


@dataclass(frozen=True)
class NamespaceObjects:
    """A namespace on a cluster, with every object that was found for it."""

    platform: Platform
    namespace: str
    objects: tuple[ManifestObject, ...]

    @property
    def cluster(self) -> str:
        return self.platform.name

    def of(self, *kinds: str, group: str | None = None) -> tuple[ManifestObject, ...]:
        """Return the namespace's objects of these kinds, of any group or of one."""
        return tuple(item for item in self._of(kinds, group) if item.namespace == self.namespace)

    def shared(self, *kinds: str, group: str | None = None) -> tuple[ManifestObject, ...]:
        """Return the objects of these kinds that are in no namespace or in another one."""
        return tuple(item for item in self._of(kinds, group) if item.namespace != self.namespace)

    def _of(self, kinds: tuple[str, ...], group: str | None) -> Iterator[ManifestObject]:
        for item in self.objects:
            if item.kind in kinds and group in (None, item.api_version.split("/", maxsplit=1)[0]):
                yield item

    @cached_property
    def namespace_object(self) -> ManifestObject | None:
        """The Namespace itself; None where it was not found."""
        found = (item for item in self.shared("Namespace") if item.name == self.namespace)
        return next(found, None)

    def is_ours(self, item: ManifestObject) -> bool:
        """Whether goldenpath rendered the object for this namespace."""
        own = labels_of(item.body)
        return own.get(MANAGED_BY) == "goldenpath" and own.get(names.TENANT) == self.namespace

    def applied_by(self, item: ManifestObject) -> str:
        """Return the Flux object or Helm release that applies the object, by its labels; empty without one."""
        own = labels_of(item.body)
        if flux := own.get("kustomize.toolkit.fluxcd.io/name"):
            return f"Flux Kustomization {flux}"
        if flux := own.get("helm.toolkit.fluxcd.io/name"):
            return f"Flux HelmRelease {flux}"
        if own.get(MANAGED_BY) == "Helm":
            release = labels_of(item.body, "annotations").get("meta.helm.sh/release-name", "")
            return f"Helm release {release}".rstrip()
        return ""
