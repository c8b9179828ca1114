"""Reads the bodies of objects without trust in their shape, and finds the objects of tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath import names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from goldenpath.manifests import ManifestObject

__all__ = ["mapping", "mappings", "strings", "tenant_objects"]


def mapping(value: Any, *keys: str) -> dict[str, Any]:
    """Return the mapping at the end of the keys, or an empty one."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def mappings(value: Any, *keys: str) -> tuple[dict[str, Any], ...]:
    """Return the mappings in the list at the end of the keys, without other entries."""
    entries = mapping(value, *keys[:-1]).get(keys[-1])
    return tuple(entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()


def strings(value: Any, key: str) -> frozenset[str]:
    """Return the texts in the list at a key."""
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
    """Return the objects of some kinds that belong to a tenant.

    An object belongs to a tenant if it has the tenant label, or if its namespace is that of a tenant. So an object that
    has lost its label still counts. Objects of the platform (Flux, add-ons) have more rights than those of a tenant.
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
