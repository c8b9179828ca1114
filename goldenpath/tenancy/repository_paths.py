"""The paths of a platform, a tenant or a workload in a fleet repository, and the owner of a path.

The module computes paths and reads no file. In the sharded layout, a folder named by one hexadecimal digit comes before
the tenant's name in each path::

    tenants/<tenant>/                                      request, lock, README and catalog entities of a tenant
    tenants/<tenant>/workloads/<workload>/                 the same files of a workload
    clusters/<cluster>/platform/                           objects that the tenants of a cluster share
    clusters/<cluster>/tenants/<tenant>/                   objects of a tenant
    clusters/<cluster>/workloads/<tenant>/<workload>/      objects of a workload
    clusters/<cluster>/flux/<tenant>.yaml                  Kustomization of a tenant
    clusters/<cluster>/flux/<tenant>.<workload>.yaml       Kustomization of a workload; no name has a dot

A publish changes no other path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from goldenpath import names
from goldenpath.spec.ref import Ref, Subject
from goldenpath.tenancy.layout import SHARDS, Layout

__all__ = [
    "CLUSTERS",
    "CLUSTER_FOLDERS",
    "FLEET_FILE",
    "FLUX",
    "LOCK_FILE",
    "RECORD_FILES",
    "REQUEST_FILES",
    "TENANTS",
    "TOMBSTONE_FILE",
    "WORKLOADS",
    "RepositoryPaths",
    "is_of_platform",
]

FLEET_FILE: Final = names.FLEET_FILE
LOCK_FILE: Final = "goldenpath.lock"
TOMBSTONE_FILE: Final = "retired.yaml"
REQUEST_FILES: Final = {Subject.TENANT: "tenant.yaml", Subject.WORKLOAD: "workload.yaml"}
RECORD_FILES: Final = frozenset({*REQUEST_FILES.values(), LOCK_FILE, TOMBSTONE_FILE})
"""Files in the home of a tenant or workload that are not rendered."""

TENANTS: Final = "tenants"
WORKLOADS: Final = "workloads"
CLUSTERS: Final = "clusters"
CLUSTER_FOLDERS: Final = f"{CLUSTERS}/"
"""The start of every path that a cluster reads."""
FLUX: Final = "flux"

_LAYOUTS: Final = (Layout(sharded=False), Layout(sharded=True))
_PLATFORM: Final = re.compile(
    rf"""
    (?:
        platform/.+
      | kustomization\.yaml | roots\.yaml | flux-instance\.yaml | {re.escape(LOCK_FILE)}
      | flux-system/(?:kustomization|oci-sync)\.yaml
      | flux/(?:[0-9a-f]/)?fleet\.yaml
    )
    """,
    re.VERBOSE,
)
"""``flux bootstrap`` writes its files into ``flux-system/``; goldenpath renders only these two files there."""


@dataclass(frozen=True)
class RepositoryPaths:
    """The paths of one platform, tenant or workload in the layout of the fleet.

    :meth:`owns` and :meth:`folder_of` accept both layouts, because files are in both while a fleet changes its layout.
    """

    ref: Ref
    layout: Layout

    @property
    def home(self) -> str:
        """The folder with the request and the lock. For a platform, the folder of the cluster."""
        return _home(self.ref, self.layout)

    @property
    def request(self) -> str:
        """The path of the request. For a platform, the fleet file."""
        return f"{self.home}/{self.request_file}" if self.request_file else FLEET_FILE

    @property
    def request_file(self) -> str:
        """The file name of the request in its home; empty for a platform."""
        return REQUEST_FILES.get(self.ref.subject, "")

    @property
    def lock(self) -> str:
        return f"{self.home}/{LOCK_FILE}"

    @property
    def tombstone(self) -> str:
        """The file that stays after a tenant is deleted."""
        return f"{self.home}/{TOMBSTONE_FILE}"

    def folder(self, cluster: str) -> str:
        """The folder of the objects on a cluster."""
        return f"{CLUSTERS}/{cluster}/{_folder(self.ref, self.layout)}"

    def flux(self, cluster: str) -> str:
        """The file with the Flux Kustomization that applies the folder. For a platform, the file with the roots."""
        if self.ref.subject is Subject.PLATFORM:
            return f"{CLUSTERS}/{cluster}/roots.yaml"
        return f"{CLUSTERS}/{cluster}/{_flux(self.ref, self.layout)}"

    def owns(self, path: str) -> bool:
        """Whether only a publish of this platform, tenant or workload writes the path."""
        start, inside = _inside_cluster(path)
        if self.ref.subject is Subject.PLATFORM:
            return start == f"{CLUSTERS}/{self.ref.name}/" and _PLATFORM.fullmatch(inside) is not None
        return (bool(start) and inside in self._flux_files) or self._folder_in(start, inside) is not None

    def folder_of(self, path: str) -> str | None:
        """The folder of this owner, at home or on a cluster, that contains the path; None for other paths."""
        return self._folder_in(*_inside_cluster(path))

    def _folder_in(self, start: str, inside: str) -> str | None:
        for folder in self._folders if start else self._homes:
            if inside.startswith(folder):
                below = inside.removeprefix(folder)
                if below and not self._has_other_owner(below, at_home=not start):
                    return f"{start}{folder}".rstrip("/")
        return None

    def _has_other_owner(self, below: str, *, at_home: bool) -> bool:
        """Whether a path below a folder of this owner belongs to another owner."""
        if self.ref.subject is not Subject.TENANT or "/" not in below:
            return False
        # The folder of a tenant with the name `a` may also be a shard, with folders of other tenants.
        return self.ref.name in SHARDS or (at_home and below.startswith(f"{WORKLOADS}/"))

    @cached_property
    def _homes(self) -> tuple[str, ...]:
        return tuple(f"{_home(self.ref, layout)}/" for layout in _LAYOUTS)

    @cached_property
    def _folders(self) -> tuple[str, ...]:
        return tuple(f"{_folder(self.ref, layout)}/" for layout in _LAYOUTS)

    @cached_property
    def _flux_files(self) -> frozenset[str]:
        return frozenset(_flux(self.ref, layout) for layout in _LAYOUTS)


def is_of_platform(path: str) -> bool:
    """Whether the platform of any cluster owns the path."""
    start, inside = _inside_cluster(path)
    return bool(start) and _PLATFORM.fullmatch(inside) is not None


@lru_cache(maxsize=4096)
def _home(ref: Ref, layout: Layout) -> str:
    if ref.subject is Subject.PLATFORM:
        return f"{CLUSTERS}/{ref.name}"
    tenant = f"{layout.tenants(ref.namespace)}/{ref.namespace}"
    return f"{tenant}/{WORKLOADS}/{ref.name}" if ref.tenant else tenant


def _folder(ref: Ref, layout: Layout) -> str:
    if ref.subject is Subject.PLATFORM:
        return "platform"
    if ref.tenant:
        return f"{layout.workloads(ref.tenant)}/{ref.tenant}/{ref.name}"
    return f"{layout.tenants(ref.name)}/{ref.name}"


def _flux(ref: Ref, layout: Layout) -> str:
    name = f"{ref.tenant}.{ref.name}" if ref.tenant else ref.name
    return f"{layout.flux(ref.namespace)}/{name}.yaml"


def _inside_cluster(path: str) -> tuple[str, str]:
    """Split a path into the folder of its cluster and the path inside. The first part is empty outside of clusters."""
    if not path.startswith(CLUSTER_FOLDERS):
        return "", path
    end = path.find("/", len(CLUSTER_FOLDERS)) + 1
    return (path[:end], path[end:]) if end else (f"{path}/", "")
