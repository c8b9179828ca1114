"""The files of a tenant or workload in a fleet repository, as Git's ids, without reading their content."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.git.objects import FILE_MODE, TreeEntry, change_tree, format_tree, object_id
from goldenpath.repository.lock import LOCK_FILE
from goldenpath.repository.tombstone import TOMBSTONE_FILE
from goldenpath.tenancy.repository_paths import RECORD_FILES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.repository.lock import Lock
    from goldenpath.spec.ref import Ref
    from goldenpath.tenancy import RepositoryPaths

__all__ = ["OwnedFiles", "tree_id_of"]


@dataclass(frozen=True, slots=True)
class OwnedFiles:
    """The places of one tenant or workload that are there.

    One that moves between layouts has two homes for a while, and so has one that was copied by hand;
    records are then read from the right one, if they are there.
    """

    paths: RepositoryPaths
    """Its places, in the fleet's layout."""
    homes: Mapping[str, Mapping[str, TreeEntry]] = field(default_factory=dict)
    """Its own folders that are there, by path, each with its entries."""
    folders: Mapping[str, str] = field(default_factory=dict)
    """Its folders on clusters, by path, with the id of each one's tree."""
    loose: Mapping[str, TreeEntry] = field(default_factory=dict)
    """Its single files on clusters, by path: what Flux starts the tenant from."""
    misplaced: tuple[str, ...] = ()
    """Homes, folders and files that are not where the fleet's layout puts them."""

    @property
    def ref(self) -> Ref:
        """What it is."""
        return self.paths.ref

    @property
    def name(self) -> str:
        """Its name, of a workload with its tenant's: ``vision/chat``."""
        return self.paths.ref.path

    @property
    def home(self) -> str:
        """Where its own folder belongs, in the fleet's layout."""
        return self.paths.home

    def record(self, file: str) -> tuple[str, TreeEntry] | None:
        """Path and entry of one of the files that say what the tenant is."""
        for home in sorted(self.homes, key=lambda home: (home != self.home, home)):
            entry = self.homes[home].get(file)
            if entry is not None and entry.is_blob:
                return f"{home}/{file}", entry
        return None

    @property
    def request(self) -> tuple[str, TreeEntry] | None:
        """The request: its path and entry."""
        return self.record(self.paths.request_file)

    @property
    def lock(self) -> tuple[str, TreeEntry] | None:
        """The lock: its path and entry."""
        return self.record(LOCK_FILE)

    @property
    def tombstone(self) -> tuple[str, TreeEntry] | None:
        """The tombstone: its path and entry."""
        return self.record(TOMBSTONE_FILE)

    @property
    def clusters(self) -> tuple[str, ...]:
        """Clusters on which the tenant has files, by name."""
        return tuple(sorted({path.split("/", 2)[1] for path in (*self.folders, *self.loose)}))

    @property
    def requests(self) -> tuple[str, ...]:
        """Every place where this tenant has a request: more than one is two tenants with one name."""
        return tuple(
            f"{home}/{self.paths.request_file}"
            for home, found in sorted(self.homes.items())
            if self.paths.request_file in found
        )

    def is_as_locked(self, lock: Lock) -> bool:
        """Whether the repository holds exactly what the lock says, byte for byte, and nothing else of the tenant.

        The ids of the folders are worked out from the lock and compared with those that are there, so that no
        folder on a cluster is read.
        """
        if self.misplaced:
            return False
        locked: defaultdict[str, dict[str, str]] = defaultdict(dict)
        loose: dict[str, str] = {}
        for path, blob in lock.files.items():
            folder = self.paths.folder_of(path)
            if folder is None:
                loose[path] = blob
            else:
                locked[folder][path[len(folder) + 1 :]] = blob
        own = {path: blob for path, blob in locked.pop(self.home, {}).items() if path not in RECORD_FILES}
        return (
            loose == _plain_ids(self.loose)
            and {folder: tree_id_of(files) for folder, files in locked.items()} == self.folders
            and self._home_holds(own)
        )

    def _home_holds(self, files: dict[str, str]) -> bool:
        entries = self.homes.get(self.home)
        if entries is None:
            return not files
        there = {name: entry for name, entry in entries.items() if name not in RECORD_FILES}
        return tree_id_of(files) == object_id("tree", format_tree(there))


def _plain_ids(entries: Mapping[str, TreeEntry]) -> dict[str, str]:
    """Ids by path; of what is not a plain file (a symbolic link, an executable) an id that no lock has."""
    return {path: entry.id if entry.mode == FILE_MODE else "" for path, entry in entries.items()}


def tree_id_of(files: Mapping[str, str]) -> str:
    """The id of the tree with these plain files, by their paths in it."""
    entries: dict[str, TreeEntry] = {}
    below: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for path, blob in files.items():
        name, slash, rest = path.partition("/")
        if slash:
            below[name][rest] = blob
        else:
            entries[name] = TreeEntry(FILE_MODE, blob)
    for name, inner in below.items():
        entries[name] = TreeEntry.of_tree(tree_id_of(inner))
    return object_id("tree", change_tree({}, entries, bytes)[1])
