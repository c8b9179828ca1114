"""The tenants that have a folder of their own in a fleet repository, and which other entries belong to them.

A publish changes one folder of sixteen. To read the names of all tenants in all others again takes 2 ms for 1,000
tenants. So what a folder holds beside its tenants' entries is remembered by the ids of Git's trees: an id stands for
the content, and what is remembered is never stale.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

from goldenpath.tenancy.layout import SHARDS
from goldenpath.tenancy.repository_paths import TENANTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.git.objects import TreeEntry
    from goldenpath.repository.fleet_tree import FleetTree

    _Key = tuple[str, str, str, bool]
    """Ids of the folder and of the tenants' own folder, the path of the latter, and whether tenants have files there."""

__all__ = ["TenantHomes"]

_REMEMBERED: Final = 4096
_MOST_NAMES: Final = 1000


class TenantHomes(Mapping[str, Collection[str]]):
    """Names of tenants by the folder that holds their own folders, read when they are asked for.

    Args:
        tree: the fleet repository.
        new: tenants that are published for the first time; they are in every folder.

    """

    def __init__(self, tree: FleetTree, new: Collection[str]) -> None:
        self._tree = tree
        self._new = frozenset(new)
        self._ids = dict(tree.shards()) or {TENANTS: ""}
        self._read: dict[str, Collection[str]] = {}

    def __getitem__(self, home: str) -> Collection[str]:
        if home not in self._read:
            if home not in self._ids:
                raise KeyError(home)
            self._read[home] = self._tree.homes(home).keys() | self._new
        return self._read[home]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def other_entries(
        self, folder: str, folder_id: str, home: str, *, are_files: bool
    ) -> Iterator[tuple[str, TreeEntry]]:
        """Name and entry of what a folder on a cluster holds beside the entries of the tenants of ``home``.

        Args:
            folder: the folder on a cluster.
            folder_id: the id of its tree.
            home: the folder that holds the own folders of the same tenants.
            are_files: whether a tenant has a file there (its Flux Kustomization), or a folder.
        """
        entries = self._tree.listing(folder)
        key = (folder_id, self._ids.get(home, ""), home, are_files)
        names = _remembered.get(key)
        if names is None:
            homes = self._tree.homes(home) if home in self._ids else ()
            names = _others(entries, homes, home, are_files=are_files)
            _remembered.put(key, names)
        return ((name, entries[name]) for name in names)


def _others(
    entries: Mapping[str, TreeEntry], homes: Collection[str], home: str, *, are_files: bool
) -> tuple[str, ...]:
    if are_files:
        files = {f"{name}.yaml" for name in homes}
        return tuple([name for name, entry in entries.items() if name not in files or not entry.is_blob])
    # A folder with the name of a shard has the folders of other tenants in it.
    shards = SHARDS if home == TENANTS else ()
    return tuple(
        [name for name, entry in entries.items() if name not in homes or not entry.is_tree or name in shards]
    )


class _Remembered:
    """Names by ids of trees: those that were used last. Safe for many threads."""

    def __init__(self) -> None:
        self._names: OrderedDict[_Key, tuple[str, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: _Key) -> tuple[str, ...] | None:
        with self._lock:
            names = self._names.get(key)
            if names is not None:
                self._names.move_to_end(key)
            return names

    def put(self, key: _Key, names: tuple[str, ...]) -> None:
        if len(names) > _MOST_NAMES:
            return
        with self._lock:
            self._names[key] = names
            while len(self._names) > _REMEMBERED:
                self._names.popitem(last=False)


_remembered: Final = _Remembered()
