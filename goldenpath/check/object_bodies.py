"""Reading an object's body without trust in its shape, and telling whose object it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath import names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from goldenpath.manifests import ManifestObject

__all__ = ["mapping", "mappings", "strings", "tenant_objects"]


def mapping(value: Any, *keys: str) -> dict[str, Any]:
    """The mapping at the end of the keys; empty if it is missing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def mappings(value: Any, *keys: str) -> tuple[dict[str, Any], ...]:
    """The mappings of the list at the end of the keys; other entries are left out."""
    entries = mapping(value, *keys[:-1]).get(keys[-1])
    return tuple(entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()


def strings(value: Any, key: str) -> frozenset[str]:
    """The texts of the list at a key."""
    entries = mapping(value).get(key)
    return (
        frozenset(entry for entry in entries if isinstance(entry, str))
        if isinstance(entries, list)
        else frozenset()
    )


def tenant_objects(
    objects: Iterable[ManifestObject],
    kinds: Collection[str],
    namespaces: Mapping[str, dict[str, Any]] | None = None,
) -> tuple[ManifestObject, ...]:
    """The objects of some kinds that are some tenant's: labelled so, or in a namespace where anything is.

    The rest of a cluster's objects (Flux's own, an add-on's) may do what no tenant's may. An object that has
    lost its label stays a tenant's by its namespace.
    """
    tenants = {name for name, body in (namespaces or {}).items() if _tenant(body)}
    found = []
    for item in objects:
        tenant = _tenant(item.body)
        tenants.add(tenant)
        if item.kind in kinds:
            found.append((item, tenant))
    return tuple(item for item, tenant in found if tenant or (item.namespace and item.namespace in tenants))


def _tenant(body: dict[str, Any]) -> str:
    return str(mapping(body, "metadata", "labels").get(names.TENANT, ""))
