"""Where the files of a platform, a tenant or a workload are in a fleet repository, and whose a path is.

Pure: paths only, nothing is read. In the sharded layout one hexadecimal digit stands before the tenant's name,
everywhere::

    tenants/<tenant>/                                      its request, lock, README and catalog entities
    tenants/<tenant>/workloads/<workload>/                 the same of a workload
    clusters/<cluster>/platform/                           what the tenants of a cluster share
    clusters/<cluster>/tenants/<tenant>/                   the tenant's objects
    clusters/<cluster>/workloads/<tenant>/<workload>/      the workload's objects
    clusters/<cluster>/flux/<tenant>.yaml                  what applies the tenant's objects
    clusters/<cluster>/flux/<tenant>.<workload>.yaml       what applies the workload's; no name has a dot

All other paths belong to other people, and no publish touches them.
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
"""Files in the home of a tenant or workload that are not rendered: they say what it is."""

TENANTS: Final = "tenants"
WORKLOADS: Final = "workloads"
CLUSTERS: Final = "clusters"
CLUSTER_FOLDERS: Final = f"{CLUSTERS}/"
"""What the path of everything begins with that a cluster reads."""
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
"""``flux bootstrap`` writes files of its own into ``flux-system/``: of that folder, only these two are rendered."""


@dataclass(frozen=True)
class RepositoryPaths:
    """The places of one platform, tenant or workload.

    Paths follow the layout. :meth:`owns` and :meth:`folder_of` know both layouts: while a fleet changes its
    layout, files are in both.

    Args:
        ref: what the places are of.
        layout: the fleet's.
    """

    ref: Ref
    layout: Layout

    @property
    def home(self) -> str:
        """The folder with its request and its lock; of a platform, the cluster's folder."""
        return _home(self.ref, self.layout)

    @property
    def request(self) -> str:
        """The file with its request; of a platform, the fleet's."""
        return f"{self.home}/{self.request_file}" if self.request_file else FLEET_FILE

    @property
    def request_file(self) -> str:
        """The name of the request's file in its home; empty for a platform."""
        return REQUEST_FILES.get(self.ref.subject, "")

    @property
    def lock(self) -> str:
        """The lock."""
        return f"{self.home}/{LOCK_FILE}"

    @property
    def tombstone(self) -> str:
        """What stays of a tenant that was deleted."""
        return f"{self.home}/{TOMBSTONE_FILE}"

    def folder(self, cluster: str) -> str:
        """The folder with its objects on a cluster."""
        return f"{CLUSTERS}/{cluster}/{_folder(self.ref, self.layout)}"

    def flux(self, cluster: str) -> str:
        """The file with the Flux Kustomization that applies that folder; of a platform, the roots."""
        if self.ref.subject is Subject.PLATFORM:
            return f"{CLUSTERS}/{cluster}/roots.yaml"
        return f"{CLUSTERS}/{cluster}/{_flux(self.ref, self.layout)}"

    def owns(self, path: str) -> bool:
        """Whether a path is one that only this one's publish writes."""
        start, inside = _inside_cluster(path)
        if self.ref.subject is Subject.PLATFORM:
            return start == f"{CLUSTERS}/{self.ref.name}/" and _PLATFORM.fullmatch(inside) is not None
        return (bool(start) and inside in self._flux_files) or self._folder_in(start, inside) is not None

    def folder_of(self, path: str) -> str | None:
        """Its folder, home or on a cluster, that a path is in; None for any other path."""
        return self._folder_in(*_inside_cluster(path))

    def _folder_in(self, start: str, inside: str) -> str | None:
        for folder in self._folders if start else self._homes:
            if inside.startswith(folder):
                below = inside.removeprefix(folder)
                if below and not self._is_another_ones(below, at_home=not start):
                    return f"{start}{folder}".rstrip("/")
        return None

    def _is_another_ones(self, below: str, *, at_home: bool) -> bool:
        """Whether a path below one of its folders belongs to another owner all the same."""
        if self.ref.subject is not Subject.TENANT or "/" not in below:
            return False
        # In a flat fleet, the folder of a tenant called `a` may also be a shard, with other tenants' folders in it.
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
    """Whether a path is one that the platform of some cluster owns."""
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
    """A path in two: up to and with its cluster's folder, and the rest; the first is empty for what is in none."""
    if not path.startswith(CLUSTER_FOLDERS):
        return "", path
    end = path.find("/", len(CLUSTER_FOLDERS)) + 1
    return (path[:end], path[end:]) if end else (f"{path}/", "")
