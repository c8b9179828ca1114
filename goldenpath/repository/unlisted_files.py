"""Find files that a cluster may run although no lock lists them.

Flux applies folders, not lists: it may apply any file below ``clusters/<cluster>/``. Each file there belongs to the
platform, a tenant or a workload, or is one of the two files of ``flux bootstrap``. The files of owners are compared with
their locks (:mod:`~goldenpath.repository.hand_edits`). This module finds all other files by their names.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from goldenpath.findings import Finding, Severity
from goldenpath.git.objects import FILE_MODE, SUBMODULE_MODE, SYMLINK_MODE
from goldenpath.spec.ref import Ref
from goldenpath.tenancy import RepositoryPaths
from goldenpath.tenancy.layout import SHARDS
from goldenpath.tenancy.repository_paths import CLUSTERS, FLUX, TENANTS, WORKLOADS, is_of_platform

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from goldenpath.git.objects import TreeEntry
    from goldenpath.repository.fleet_tree import FleetTree
    from goldenpath.repository.tenant_homes import KnownTenants

__all__ = ["UnlistedFiles", "check_unlisted", "unlisted_files"]

_PLATFORM: Final = "platform"
_FLUX_SYSTEM: Final = "flux-system"
_BOOTSTRAP_FILES: Final = frozenset({"gotk-components.yaml", "gotk-sync.yaml"})
_KINDS: Final = {SYMLINK_MODE: "a symbolic link", SUBMODULE_MODE: "a submodule"}
_SHOWN_FILES: Final = 5
_SHOWN_FINDINGS: Final = 100


@dataclass(frozen=True, slots=True)
class UnlistedFiles:
    """A file, or a folder with every file in it, that no lock lists."""

    path: str
    """Path of the file or folder."""
    files: tuple[str, ...]
    """Paths of the files: the file itself, or all files of the folder."""
    kind: str
    """``a file``, ``a folder``, ``a symbolic link`` or ``a submodule``."""


def unlisted_files(
    tree: FleetTree, tenants: KnownTenants, workloads: Collection[Ref] = ()
) -> Iterator[UnlistedFiles]:
    """Every file below ``clusters/<cluster>/`` that belongs to no platform, tenant or workload.

    Args:
        tree: the fleet repository.
        tenants: the tenants whose files are compared with their locks.
        workloads: new workloads, which have no own folder yet.
    """
    for cluster, entry in tree.listing(CLUSTERS).items():
        if entry.is_tree:
            yield from _Search(tree, cluster, tenants, frozenset(workloads)).run()
        elif entry.mode in _KINDS:
            yield _found(tree, f"{CLUSTERS}/{cluster}", entry)


def check_unlisted(found: Iterator[UnlistedFiles]) -> Iterator[Finding]:
    """A finding for each file or folder, and after the first hundred one with the number of the others."""
    for unlisted in islice(found, _SHOWN_FINDINGS):
        cluster = unlisted.path.split("/")[1]
        what = f"{unlisted.path} is {unlisted.kind} that no goldenpath.lock lists"
        more = len(unlisted.files) - _SHOWN_FILES
        if unlisted.files[0] != unlisted.path:
            shown = ", ".join(unlisted.files[:_SHOWN_FILES]) + (f" and {more} more" if more > 0 else "")
            what += f" ({shown})"
        message = f"{what}; Flux applies the files below {CLUSTERS}/{cluster}"
        yield _finding(unlisted.files[0], cluster, message)
    if others := sum(1 for _ in found):
        message = f"{others:,} more files and folders are in no goldenpath.lock"
        yield _finding("", "", message)


def _finding(file: str, cluster: str, message: str) -> Finding:
    fix = (
        f"Remove the file. Objects of a team belong in the repository of its `source`. Objects of the platform belong "
        f"outside {CLUSTERS}/, with their own Flux Kustomization. If the request of a tenant is missing, restore the "
        "request from Git's history, and retire the tenant."
    )
    about = f"Cluster {cluster}" if cluster else "Fleet"
    return Finding(file, about, "", "unlisted-file", Severity.ERROR, message, fix)


def _found(tree: FleetTree, path: str, entry: TreeEntry) -> UnlistedFiles:
    if not entry.is_tree:
        return UnlistedFiles(path, (path,), _KINDS.get(entry.mode, "a file"))
    files = tuple(sorted(tree.below(path, entry.id))) or (path,)
    return UnlistedFiles(f"{path}/", files, "a folder")


@dataclass(frozen=True, slots=True)
class _Search:
    """The search in the folder of one cluster."""

    tree: FleetTree
    cluster: str
    tenants: KnownTenants
    workloads: frozenset[Ref]

    def run(self) -> Iterator[UnlistedFiles]:
        root = f"{CLUSTERS}/{self.cluster}"
        for name, entry in self.tree.listing(root).items():
            path = f"{root}/{name}"
            if not entry.is_tree:
                yield from self._unless_platforms(path, entry)
            elif name == FLUX:
                yield from self._in_flux(path, entry.id, TENANTS)
            elif name == TENANTS:
                yield from self._in_tenants(path, entry.id, TENANTS)
            elif name == WORKLOADS:
                yield from self._in_workloads(path)
            elif name == _FLUX_SYSTEM:
                yield from self._in_flux_system(path)
            elif name != _PLATFORM:
                yield _found(self.tree, path, entry)

    def _unless_platforms(self, path: str, entry: TreeEntry) -> Iterator[UnlistedFiles]:
        # A symbolic link or an executable in place of a rendered file is a hand edit of the platform.
        if not (entry.is_blob and is_of_platform(path)):
            yield _found(self.tree, path, entry)

    def _in_flux_system(self, folder: str) -> Iterator[UnlistedFiles]:
        for name, entry in self.tree.listing(folder).items():
            if not (name in _BOOTSTRAP_FILES and entry.mode == FILE_MODE):
                yield from self._unless_platforms(f"{folder}/{name}", entry)

    def _in_flux(self, folder: str, folder_id: str, home: str) -> Iterator[UnlistedFiles]:
        """Kustomizations of tenants: the files of ``flux``, or of one of its shards."""
        for name, entry in self.tenants.other_entries(folder, folder_id, home, are_files=True):
            tenant = name.removesuffix(".yaml")
            owner, dot, workload = tenant.partition(".")
            if (
                entry.is_blob
                and dot
                and tenant != name
                and self._is_workloads(owner, workload, f"{folder}/{name}")
            ):
                continue
            path = f"{folder}/{name}"
            if entry.is_blob and (is_of_platform(path) or (tenant != name and self._is_in(home, tenant))):
                continue
            if entry.is_tree and home == TENANTS and name in SHARDS:
                yield from self._in_flux(path, entry.id, f"{TENANTS}/{name}")
            elif not (entry.is_blob and tenant != name and self._is_tenants(tenant, path)):
                yield from self._unless_platforms(path, entry)

    def _in_tenants(self, folder: str, folder_id: str, home: str) -> Iterator[UnlistedFiles]:
        """Folders of tenants: those in ``tenants``, or in one of its shards."""
        for name, entry in self.tenants.other_entries(folder, folder_id, home, are_files=False):
            path = f"{folder}/{name}"
            if entry.is_tree and home == TENANTS and name in SHARDS:
                yield from self._in_shard(path, entry.id, name)
            elif not (entry.is_tree and (self._is_in(home, name) or self._is_tenants(name, f"{path}/file"))):
                yield _found(self.tree, path, entry)

    def _in_shard(self, folder: str, folder_id: str, name: str) -> Iterator[UnlistedFiles]:
        """A folder with the name of a shard. In a flat fleet it may also be a tenant's folder with its files."""
        for unlisted in self._in_tenants(folder, folder_id, f"{TENANTS}/{name}"):
            is_file = "/" not in unlisted.path.removeprefix(f"{folder}/")
            if not (is_file and unlisted.kind != "a submodule" and self._is_tenants(name, unlisted.path)):
                yield unlisted

    def _in_workloads(self, folder: str) -> Iterator[UnlistedFiles]:
        """Folders of workloads, below the folders of their tenants, which may be in a shard."""
        for name, entry in self.tree.listing(folder).items():
            path = f"{folder}/{name}"
            if entry.is_tree and name in SHARDS and folder.endswith(f"/{WORKLOADS}"):
                yield from self._in_workloads(path)
            elif not entry.is_tree:
                yield _found(self.tree, path, entry)
            else:
                for workload, below in self.tree.listing(path).items():
                    inside = f"{path}/{workload}"
                    if not (below.is_tree and self._is_workloads(name, workload, f"{inside}/file")):
                        yield _found(self.tree, inside, below)

    def _is_in(self, home: str, name: str) -> bool:
        """Whether a tenant has its own folder in ``home``."""
        return name in self.tenants.names_in(home)

    def _is_workloads(self, tenant: str, name: str, path: str) -> bool:
        paths = RepositoryPaths(Ref.of_workload(tenant, name), self.tree.layout)
        if tenant not in self.tenants.names or not paths.owns(path):
            return False
        folder, _, own = paths.home.rpartition("/")
        return paths.ref in self.workloads or own in self.tree.listing(folder)

    def _is_tenants(self, name: str, path: str) -> bool:
        return name in self.tenants.names and RepositoryPaths(Ref.of_tenant(name), self.tree.layout).owns(
            path
        )
