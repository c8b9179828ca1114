"""Find the tenants, workloads and platforms in one Git tree of a fleet repository.

The tree is read on demand. A pass over all tenants reads each tenant's own folder and the lists of names on the
clusters. Callers read the content of a folder on a cluster only if its id differs from the expected one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from goldenpath.errors import InputError
from goldenpath.git.objects import FILE_MODE
from goldenpath.repository.lock import Locked, read_lock
from goldenpath.repository.owned_files import OwnedFiles
from goldenpath.repository.tombstone import Tombstone
from goldenpath.spec.ref import Ref, Subject
from goldenpath.spec.types import NAME_CHARS
from goldenpath.tenancy.layout import SHARDS, Layout
from goldenpath.tenancy.repository_paths import (
    CLUSTERS,
    FLEET_FILE,
    FLUX,
    RECORD_FILES,
    TENANTS,
    WORKLOADS,
    RepositoryPaths,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.git.object_reader import ObjectReader
    from goldenpath.git.objects import TreeEntry

__all__ = ["FleetTree", "fleet_text"]

_NAME: Final = re.compile(rf"[a-z0-9]([-a-z0-9]{{0,{NAME_CHARS - 2}}}[a-z0-9])?")
_NOT_TENANTS: Final = frozenset({"fleet", "kustomization"})
_LAYOUTS: Final = (Layout(sharded=False), Layout(sharded=True))
_AT_ONCE: Final = 1000
"""Tenants whose files are in memory at the same time during a pass over all tenants."""


@dataclass(slots=True)
class _Found:
    """The places of a tenant, as found so far: ids of its trees by path, and its single files."""

    homes: dict[str, str] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    loose: dict[str, TreeEntry] = field(default_factory=dict)


def fleet_text(reader: ObjectReader, tree: str) -> str:
    """The text of ``goldenpath.yaml`` at the top of a tree.

    Raises:
        InputError: the file is missing or is not text.
    """
    entry = reader.entries(tree).get(FLEET_FILE)
    if entry is None or not entry.is_blob:
        message = "is missing, so this is not a fleet repository; `goldenpath fleet init` creates one"
        raise InputError.of("", "no-fleet", message, file=FLEET_FILE)
    return _decoded(reader.blob(entry.id), FLEET_FILE)


class FleetTree:
    """The tenants and platforms in one tree of a fleet repository. It caches everything that it reads.

    Args:
        reader: the repository, or a batch of objects on top of it.
        tree: the id of the top tree.
        layout: the fleet's layout. Tenants in other places are found and reported too.
    """

    def __init__(self, reader: ObjectReader, tree: str, layout: Layout) -> None:
        self.reader = reader
        self.tree = tree
        self.layout = layout
        self._read: dict[str, Mapping[str, TreeEntry]] = {}
        # Each tenant needs these several times; without the cache, a publish of 1,000 new tenants takes twice as long.
        self._folders: dict[str, Mapping[str, TreeEntry]] = {}
        self._homes: dict[str, Mapping[str, str]] = {}
        self._found: dict[Ref, OwnedFiles] = {}
        # Most tenants have no workloads.
        self._without_workloads: set[str] = set()
        self._workloads: dict[str, tuple[OwnedFiles, ...]] = {}
        self._applied: dict[str, Mapping[str, list[str]]] = {}

    @property
    def clusters(self) -> tuple[str, ...]:
        """The names of clusters with a folder, in order. The fleet may no longer have some of them."""
        return tuple(name for name, entry in sorted(self.listing(CLUSTERS).items()) if entry.is_tree)

    def find(self, ref: Ref) -> OwnedFiles:
        """The files of one tenant or workload in its places of both layouts; empty if there are none.

        Only :meth:`tenants` also finds a folder in a wrong shard.
        """
        if ref not in self._found:
            self._found[ref] = self._look_up(ref)
        return self._found[ref]

    def _look_up(self, ref: Ref) -> OwnedFiles:
        found = _Found()
        for layout in _LAYOUTS:
            paths = RepositoryPaths(ref, layout)
            self._take_folder(ref, paths.home, found.homes)
            for cluster in self.clusters:
                self._take_folder(ref, paths.folder(cluster), found.folders)
                loose = self._entry(paths.flux(cluster))
                if loose is not None and loose.is_blob:
                    found.loose[paths.flux(cluster)] = loose
        return next(self._owned_files([(ref, found)]))

    def _take_folder(self, ref: Ref, path: str, folders: dict[str, str]) -> None:
        entry = self._entry(path)
        if entry is not None and entry.is_tree:
            place = path.rpartition("/")[0]
            if ref.subject is not Subject.TENANT or self._is_tenants(ref.name, entry.id, place):
                folders[path] = entry.id

    def workloads(self, tenant: str) -> tuple[OwnedFiles, ...]:
        """Every workload of a tenant with a file in any place, by name."""
        if tenant in SHARDS:
            return ()  # Its folders may be shards with the folders of other tenants.
        if tenant not in self._workloads:
            names = {name for layout in _LAYOUTS for name in self._workload_names(tenant, layout)}
            found = (self.find(Ref.of_workload(tenant, name)) for name in sorted(names))
            self._workloads[tenant] = tuple(found)
        return self._workloads[tenant]

    def _workload_names(self, tenant: str, layout: Layout) -> Iterator[str]:
        home = self._entry(RepositoryPaths(Ref.of_tenant(tenant), layout).home)
        if home is not None and home.is_tree and home.id not in self._without_workloads:
            yield from _folders(self._of_entry(self._of(home.id).get(WORKLOADS)))
        for cluster in self.clusters:
            root = f"{CLUSTERS}/{cluster}"
            yield from _folders(
                self._of_entry(self.listing(f"{root}/{layout.workloads(tenant)}").get(tenant))
            )
            yield from self._applied_workloads(f"{root}/{layout.flux(tenant)}").get(tenant, ())

    def _applied_workloads(self, folder: str) -> Mapping[str, list[str]]:
        """The workloads with a file in a folder of Flux Kustomizations, by tenant."""
        if folder not in self._applied:
            found: defaultdict[str, list[str]] = defaultdict(list)
            for file in self.listing(folder):
                tenant, dot, name = file.removesuffix(".yaml").partition(".")
                if dot and _NAME.fullmatch(name):
                    found[tenant].append(name)
            self._applied[folder] = found
        return self._applied[folder]

    def _of_entry(self, entry: TreeEntry | None) -> Mapping[str, TreeEntry]:
        return self._of(entry.id) if entry is not None and entry.is_tree else {}

    def all_workloads(self) -> Iterator[OwnedFiles]:
        """Every workload of every tenant, tenant by tenant."""
        for owned in self.tenants():
            yield from self.workloads(owned.ref.name)

    def tenants(self) -> Iterator[OwnedFiles]:
        """Every tenant with a file in any place, by name, including remains of deleted tenants."""
        found: dict[str, _Found] = {}
        for root in self._roots():
            for place, name, entry in self._below(f"{root}{TENANTS}"):
                if entry.is_tree and _NAME.fullmatch(name) and self._is_tenants(name, entry.id, place):
                    places = found.setdefault(name, _Found())
                    (places.folders if root else places.homes)[f"{place}/{name}"] = entry.id
            for place, file, entry in self._below(f"{root}{FLUX}") if root else ():
                name = file.removesuffix(".yaml")
                if entry.is_blob and name != file and _NAME.fullmatch(name) and name not in _NOT_TENANTS:
                    found.setdefault(name, _Found()).loose[f"{place}/{file}"] = entry
        pending = iter(sorted((Ref.of_tenant(name), each) for name, each in found.items()))
        while some := list(islice(pending, _AT_ONCE)):
            yield from self._owned_files(some)

    def shards(self) -> tuple[tuple[str, str], ...]:
        """Path and tree id of each folder that contains the tenants' own folders."""
        top = self._of(self.tree).get(TENANTS)
        if top is None or not top.is_tree:
            return ()
        return ((TENANTS, top.id), *self._shards(TENANTS).items())

    def homes(self, place: str) -> Mapping[str, str]:
        """The tree ids of the tenants' own folders in a folder, by tenant."""
        if place not in self._homes:
            self._read_together(self._shards(place).values())
            self._homes[place] = {
                name: entry.id
                for name, entry in self.listing(place).items()
                if entry.is_tree and _NAME.fullmatch(name) and self._is_tenants(name, entry.id, place)
            }
        return self._homes[place]

    def files(self, owned: OwnedFiles) -> dict[str, TreeEntry]:
        """Every file in a tenant's places, by path: its records, rendered files, and files that people added."""
        found = dict(owned.loose)
        for home, entries in owned.homes.items():
            found |= {f"{home}/{name}": entry for name, entry in entries.items() if entry.is_blob}
            for name, entry in entries.items():
                if entry.is_tree:
                    found |= self.below(f"{home}/{name}", entry.id)
        for folder, tree in owned.folders.items():
            found |= self.below(folder, tree)
        return {path: entry for path, entry in sorted(found.items()) if owned.paths.owns(path)}

    def locked(self, many: Iterable[OwnedFiles]) -> Iterator[tuple[OwnedFiles, Locked]]:
        """Read the locks of many tenants or workloads as one stream."""
        pending = iter(many)
        while some := list(islice(pending, _AT_ONCE)):
            locks = dict(self.reader.blobs({found[1].id for each in some if (found := each.lock)}))
            for owned in some:
                found = owned.lock
                if found is None:
                    yield owned, Locked()
                else:
                    yield owned, read_lock(locks[found[1].id], found[0], owned.paths.owns)

    def lock(self, owned: OwnedFiles) -> Locked:
        """The lock of one tenant or workload."""
        return next(self.locked([owned]))[1]

    def request_text(self, owned: OwnedFiles) -> str | None:
        """The text of the request; None if there is no request.

        Raises:
            InputError: the file is not UTF-8.
        """
        found = owned.request
        return None if found is None else _decoded(self.reader.blob(found[1].id), found[0])

    def tombstone(self, owned: OwnedFiles) -> Tombstone | None:
        """The tombstone of a deleted tenant; None if there is no tombstone.

        Raises:
            InputError: with every problem of the tombstone.
        """
        found = owned.tombstone
        if found is None:
            return None
        return Tombstone.parse(_decoded(self.reader.blob(found[1].id), found[0]), found[0])

    def platform(self, cluster: str) -> dict[str, TreeEntry]:
        """Every file in the places of a cluster's platform, by path."""
        root = f"{CLUSTERS}/{cluster}"
        found: dict[str, TreeEntry] = {}
        for place in (root, f"{root}/flux-system", f"{root}/{FLUX}", *self._shards(f"{root}/{FLUX}")):
            found |= {
                f"{place}/{name}": entry for name, entry in self.listing(place).items() if entry.is_blob
            }
        folder = self.listing(root).get("platform")
        if folder is not None and folder.is_tree:
            found |= self.below(f"{root}/platform", folder.id)
        owns = RepositoryPaths(Ref.of_platform(cluster), self.layout).owns
        return {path: entry for path, entry in sorted(found.items()) if owns(path)}

    def platform_lock(self, cluster: str) -> Locked:
        """The lock of a cluster's platform."""
        paths = RepositoryPaths(Ref.of_platform(cluster), self.layout)
        entry = self.reader.find(self.tree, paths.lock)
        if entry is None or not entry.is_blob:
            return Locked()
        return read_lock(self.reader.blob(entry.id), paths.lock, paths.owns)

    def texts(self, files: Mapping[str, TreeEntry]) -> dict[str, str]:
        """The text of each file, by path. Anything but a plain file has a text that no rendered file can have."""
        wanted = {entry.id for entry in files.values() if entry.is_blob}
        read = {blob: data.decode(errors="replace") for blob, data in self.reader.blobs(wanted)}
        return {
            path: read[entry.id]
            if entry.mode == FILE_MODE
            else f"(mode {entry.mode:o}) {read.get(entry.id, entry.id)}"
            for path, entry in files.items()
        }

    def _roots(self) -> tuple[str, ...]:
        return ("", *(f"{CLUSTERS}/{cluster}/" for cluster in self.clusters))

    def listing(self, folder: str) -> Mapping[str, TreeEntry]:
        """The entries of a folder, by name; empty if the folder does not exist."""
        if folder not in self._folders:
            self._folders[folder] = self._walk(folder)
        return self._folders[folder]

    def _walk(self, folder: str) -> Mapping[str, TreeEntry]:
        tree = self.tree
        for step in folder.split("/"):
            entry = self._of(tree).get(step)
            if entry is None or not entry.is_tree:
                return {}
            tree = entry.id
        return self._of(tree)

    def _of(self, tree: str) -> Mapping[str, TreeEntry]:
        if tree not in self._read:
            self._read[tree] = self.reader.entries(tree)
        return self._read[tree]

    def _shards(self, folder: str) -> dict[str, str]:
        """The tree ids of the shards of a folder, by path."""
        inside = self.listing(folder)
        return {
            f"{folder}/{name}": inside[name].id for name in SHARDS if name in inside and inside[name].is_tree
        }

    def _read_together(self, trees: Iterable[str]) -> None:
        missing = [tree for tree in trees if tree not in self._read]
        self._read.update(zip(missing, self.reader.trees(missing), strict=True))

    def _below(self, folder: str) -> Iterator[tuple[str, str, TreeEntry]]:
        """Place, name and entry of each item in a folder and in its shards."""
        shards = self._shards(folder)
        self._read_together(shards.values())
        for place in (folder, *shards):
            for name, entry in self.listing(place).items():
                yield place, name, entry

    def _is_tenants(self, name: str, tree: str, place: str) -> bool:
        """Whether a folder belongs to a tenant. A folder with the name of a shard does if it contains files."""
        if name not in SHARDS or place.rpartition("/")[2] in SHARDS:
            return True
        entries = self._of(tree)
        if place.startswith(CLUSTERS):
            return any(entry.is_blob for entry in entries.values())
        return any(file in entries and entries[file].is_blob for file in RECORD_FILES)

    def _owned_files(self, many: list[tuple[Ref, _Found]]) -> Iterator[OwnedFiles]:
        trees = list(dict.fromkeys(tree for _, found in many for tree in found.homes.values()))
        entries = dict(zip(trees, self.reader.trees(trees), strict=True))
        self._without_workloads.update(tree for tree in trees if WORKLOADS not in entries[tree])
        for ref, found in many:
            paths = RepositoryPaths(ref, self.layout)
            homes = {home: _own(ref, entries[tree]) for home, tree in found.homes.items()}
            places = (*found.homes, *found.folders, *found.loose)
            yield OwnedFiles(
                paths,
                homes,
                found.folders,
                found.loose,
                tuple(place for place in places if not _is_right(paths, place)),
            )

    def _entry(self, path: str) -> TreeEntry | None:
        folder, _, name = path.rpartition("/")
        return self.listing(folder).get(name)

    def below(self, folder: str, tree: str) -> dict[str, TreeEntry]:
        """Every file, symbolic link and submodule below a folder, by path, from the id of its tree."""
        # A submodule in a folder that Flux applies is a hand edit.
        found = self.reader.files(tree, submodules=True)
        return {f"{folder}/{path}": entry for path, entry in found.items()}


def _own(ref: Ref, entries: Mapping[str, TreeEntry]) -> Mapping[str, TreeEntry]:
    """The entries of a home without its workloads and, if the home is also a shard, without other tenants."""
    if ref.subject is not Subject.TENANT:
        return entries
    is_shard_too = ref.name in SHARDS
    return {
        file: entry
        for file, entry in entries.items()
        if not entry.is_tree or not (is_shard_too or file == WORKLOADS)
    }


def _folders(entries: Mapping[str, TreeEntry]) -> Iterator[str]:
    """The names of the folders that are valid names of workloads."""
    return (name for name, entry in entries.items() if entry.is_tree and _NAME.fullmatch(name))


def _is_right(paths: RepositoryPaths, place: str) -> bool:
    """Whether a folder or file is at its place in the fleet's layout."""
    if not place.startswith(f"{CLUSTERS}/"):
        return place == paths.home
    cluster = place.split("/", 2)[1]
    return place in {paths.folder(cluster), paths.flux(cluster)}


def _decoded(data: bytes, file: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InputError.of("", "encoding", "is not UTF-8; save it as UTF-8", file=file) from None
