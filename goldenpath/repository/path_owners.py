"""Which tenant or platform owns a path in the fleet repository. Pure: paths only, nothing is read.

A tenant owns ``tenants/<tenant>/``, ``clusters/*/tenants/<tenant>/`` and ``clusters/*/flux/<tenant>.yaml``; in the
sharded layout there is a shard before the name. The platform owns ``clusters/<cluster>/platform/`` and the few files
that Flux starts from. Everything else is somebody's own, and no publish ever touches it.
"""

from __future__ import annotations

import re
from typing import Final

from goldenpath.repository.lock import LOCK_FILE
from goldenpath.repository.tombstone import TOMBSTONE_FILE
from goldenpath.tenancy.layout import SHARDS, Layout

__all__ = [
    "CLUSTERS",
    "FLEET_FILE",
    "FLUX",
    "RECORD_FILES",
    "REQUEST_FILE",
    "TENANTS",
    "TenantPaths",
    "home_of",
    "is_platforms",
    "lock_path",
    "platform_lock_path",
    "request_path",
    "tombstone_path",
]

FLEET_FILE: Final = "goldenpath.yaml"
REQUEST_FILE: Final = "tenant.yaml"
RECORD_FILES: Final = frozenset({REQUEST_FILE, LOCK_FILE, TOMBSTONE_FILE})
"""Files in a tenant's own folder that are not rendered: they say what the tenant is."""

TENANTS: Final = "tenants"
CLUSTERS: Final = "clusters"
FLUX: Final = "flux"

_SHARD: Final = re.compile(r"[0-9a-f]")
_LAYOUTS: Final = (Layout(sharded=False), Layout(sharded=True))
_PLATFORM: Final = re.compile(
    rf"""
    clusters/[^/]+/(?:
        platform/.+
      | kustomization\.yaml | roots\.yaml | flux-instance\.yaml | {re.escape(LOCK_FILE)}
      | flux-system/kustomization\.yaml
      | flux/(?:{_SHARD.pattern}/)?fleet\.yaml
    )
    """,
    re.VERBOSE,
)
"""``flux bootstrap`` writes files of its own into ``flux-system/``: of that folder, only one file is rendered."""


def home_of(layout: Layout, name: str) -> str:
    """The tenant's own folder, with its request and its lock."""
    return f"{layout.tenants(name)}/{name}"


def request_path(layout: Layout, name: str) -> str:
    """Where a tenant's request is."""
    return f"{home_of(layout, name)}/{REQUEST_FILE}"


def lock_path(layout: Layout, name: str) -> str:
    """Where a tenant's lock is."""
    return f"{home_of(layout, name)}/{LOCK_FILE}"


def tombstone_path(layout: Layout, name: str) -> str:
    """Where a deleted tenant's tombstone is."""
    return f"{home_of(layout, name)}/{TOMBSTONE_FILE}"


def platform_lock_path(cluster: str) -> str:
    """Where the lock of a cluster's platform is: beside what Flux starts from, in no folder that Flux applies."""
    return f"{CLUSTERS}/{cluster}/{LOCK_FILE}"


class TenantPaths:
    """The places of one tenant, in either layout: while a fleet changes its layout, it has files in both."""

    def __init__(self, name: str) -> None:
        self._folders = tuple(f"{layout.tenants(name)}/{name}/" for layout in _LAYOUTS)
        self._files = frozenset(f"{layout.flux(name)}/{name}.yaml" for layout in _LAYOUTS)
        # In a flat fleet, the folder of a tenant called `a` may also be a shard, with other tenants' folders in it.
        self._is_shard_too = name in SHARDS

    def owns(self, path: str) -> bool:
        """Whether a path is this tenant's. Only its own publish writes there, and it writes nowhere else."""
        return _inside_cluster(path)[1] in self._files or self.folder_of(path) is not None

    def folder_of(self, path: str) -> str | None:
        """The tenant's folder, at home or on a cluster, that a path is in; None for any other path."""
        start, inside = _inside_cluster(path)
        for folder in self._folders:
            if inside.startswith(folder):
                below = inside.removeprefix(folder)
                if below and not (self._is_shard_too and "/" in below):
                    return f"{start}{folder}".rstrip("/")
        return None


def _inside_cluster(path: str) -> tuple[str, str]:
    """A path in two: up to and with its cluster's folder, and the rest; the first is empty for what is in none."""
    if not path.startswith(f"{CLUSTERS}/"):
        return "", path
    cluster, _, inside = path.removeprefix(f"{CLUSTERS}/").partition("/")
    return f"{CLUSTERS}/{cluster}/", inside


def is_platforms(cluster: str, path: str) -> bool:
    """Whether a path is one that the platform of a cluster owns."""
    return path.startswith(f"{CLUSTERS}/{cluster}/") and _PLATFORM.fullmatch(path) is not None
