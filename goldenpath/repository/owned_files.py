"""The files of a tenant or workload in a fleet repository, by their Git ids, without their content."""

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
    """The existing places of one tenant or workload.

    During a move between layouts, or after a copy by hand, there are two homes. Records in the home of the fleet's
    layout take precedence.
    """

    paths: RepositoryPaths
    """The places in the fleet's layout."""
    homes: Mapping[str, Mapping[str, TreeEntry]] = field(default_factory=dict)
    """The entries of each own folder, by path."""
    folders: Mapping[str, str] = field(default_factory=dict)
    """The tree id of each folder on a cluster, by path."""
    loose: Mapping[str, TreeEntry] = field(default_factory=dict)
    """Single files on clusters, by path: the Flux Kustomizations."""
    misplaced: tuple[str, ...] = ()
    """Homes, folders and files outside the fleet's layout."""

    @property
    def ref(self) -> Ref:
        return self.paths.ref

    @property
    def name(self) -> str:
        """The name; for a workload together with its tenant: ``vision/chat``."""
        return self.paths.ref.path

    @property
    def home(self) -> str:
        """The path of the own folder in the fleet's layout."""
        return self.paths.home

    def record(self, file: str) -> tuple[str, TreeEntry] | None:
        """Path and entry of a record: the request, the lock or the tombstone."""
        for home in sorted(self.homes, key=lambda home: (home != self.home, home)):
            entry = self.homes[home].get(file)
            if entry is not None and entry.is_blob:
                return f"{home}/{file}", entry
        return None

    @property
    def request(self) -> tuple[str, TreeEntry] | None:
        return self.record(self.paths.request_file)

    @property
    def lock(self) -> tuple[str, TreeEntry] | None:
        return self.record(LOCK_FILE)

    @property
    def tombstone(self) -> tuple[str, TreeEntry] | None:
        return self.record(TOMBSTONE_FILE)

    @property
    def clusters(self) -> tuple[str, ...]:
        """The names of the clusters with files of the tenant, in order."""
        return tuple(sorted({path.split("/", 2)[1] for path in (*self.folders, *self.loose)}))

    @property
    def requests(self) -> tuple[str, ...]:
        """The paths of all requests. More than one means two tenants with one name."""
        return tuple(
            f"{home}/{self.paths.request_file}"
            for home, found in sorted(self.homes.items())
            if self.paths.request_file in found
        )

    def is_published(self, lock: Lock | None) -> bool:
        """Whether the lock records the present request."""
        return lock is not None and self.request is not None and lock.request_file == self.request[1].id

    def is_as_locked(self, lock: Lock) -> bool:
        """Whether the tenant has exactly the files in the lock, byte for byte.

        The tree ids of the folders are computed from the lock, so that no folder on a cluster is read.
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
        present = {name: entry for name, entry in entries.items() if name not in RECORD_FILES}
        return tree_id_of(files) == object_id("tree", format_tree(present))


def _plain_ids(entries: Mapping[str, TreeEntry]) -> dict[str, str]:
    """Ids by path. A symbolic link or an executable gets an id that no lock has."""
    return {path: entry.id if entry.mode == FILE_MODE else "" for path, entry in entries.items()}


def tree_id_of(files: Mapping[str, str]) -> str:
    """The id of the tree with these plain files. ``files`` has blob ids by path."""
    entries: dict[str, TreeEntry] = {}
    below: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for path, blob in files.items():
        name, slash, inner_path = path.partition("/")
        if slash:
            below[name][inner_path] = blob
        else:
            entries[name] = TreeEntry(FILE_MODE, blob)
    for name, inner in below.items():
        entries[name] = TreeEntry.of_tree(tree_id_of(inner))
    return object_id("tree", change_tree({}, entries, bytes)[1])
