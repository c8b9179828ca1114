"""Lists the tenants of a fleet repository, and the entries of a folder on a cluster that belong to no tenant.

The search for unlisted files uses both. A check of the whole fleet has all tenants in memory (:class:`ListedTenants`).
A publish changes one folder of sixteen, and reading the names of 1,000 tenants in all others takes 2 ms. So a publish
reads names at first use, and caches the entries of no tenant by the ids of Git's trees (:class:`StoredTenants`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Final

from goldenpath.git.bounded_cache import BoundedCache
from goldenpath.tenancy.layout import SHARDS
from goldenpath.tenancy.repository_paths import TENANTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from goldenpath.git.objects import TreeEntry
    from goldenpath.repository.fleet_tree import FleetTree

__all__ = ["KnownTenants", "ListedTenants", "StoredTenants"]

_MOST_NAMES: Final = 1000
_other_names: Final[BoundedCache[tuple[str, ...]]] = BoundedCache(4096)


class KnownTenants(ABC):
    """Names of tenants by the folder that contains their own folders: ``tenants``, or one of its shards."""

    @abstractmethod
    def names_in(self, home: str) -> Collection[str]:
        """The tenants with their own folder in ``home``."""

    @cached_property
    @abstractmethod
    def names(self) -> frozenset[str]:
        """The names of all tenants."""

    @abstractmethod
    def other_entries(
        self, folder: str, folder_id: str, home: str, *, are_files: bool
    ) -> Iterable[tuple[str, TreeEntry]]:
        """Name and entry of the items in a folder on a cluster, without known entries of tenants.

        Args:
            folder: the folder on a cluster.
            folder_id: the id of its tree.
            home: the folder that contains the own folders of the same tenants.
            are_files: whether a tenant has a file in ``folder`` (its Flux Kustomization), or a folder.
        """


class ListedTenants(KnownTenants):
    """Tenants whose names are in memory. ``other_entries`` returns all entries, and the caller compares each name."""

    def __init__(self, tree: FleetTree, homes: Mapping[str, Collection[str]]) -> None:
        self._tree = tree
        self._homes = homes

    def names_in(self, home: str) -> Collection[str]:
        return self._homes.get(home, ())

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset().union(*self._homes.values())

    def other_entries(
        self,
        folder: str,
        folder_id: str,  # noqa: ARG002 - the contract of all known tenants
        home: str,  # noqa: ARG002
        *,
        are_files: bool,  # noqa: ARG002
    ) -> Iterable[tuple[str, TreeEntry]]:
        return self._tree.listing(folder).items()


class StoredTenants(KnownTenants):
    """Tenants of a fleet repository, read at first use.

    Args:
        new: tenants without a folder in the repository; they count as tenants of every folder.
    """

    def __init__(self, tree: FleetTree, new: Collection[str]) -> None:
        self._tree = tree
        self._new = frozenset(new)
        self._ids = dict(tree.shards()) or {TENANTS: ""}
        self._read: dict[str, Collection[str]] = {}

    def names_in(self, home: str) -> Collection[str]:
        if home not in self._ids:
            return ()
        if home not in self._read:
            self._read[home] = self._tree.homes(home).keys() | self._new
        return self._read[home]

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset().union(*map(self.names_in, self._ids))

    def other_entries(
        self, folder: str, folder_id: str, home: str, *, are_files: bool
    ) -> Iterable[tuple[str, TreeEntry]]:
        entries = self._tree.listing(folder)
        key = (folder_id, self._ids.get(home, ""), home, are_files)
        names = _other_names.get(key)
        if names is None:
            homes = self._tree.homes(home) if home in self._ids else ()
            names = _others(entries, homes, home, are_files=are_files)
            if len(names) <= _MOST_NAMES:
                _other_names.put(key, names)
        return ((name, entries[name]) for name in names)


def _others(
    entries: Mapping[str, TreeEntry], homes: Collection[str], home: str, *, are_files: bool
) -> tuple[str, ...]:
    if are_files:
        files = {f"{name}.yaml" for name in homes}
        return tuple([name for name, entry in entries.items() if name not in files or not entry.is_blob])
    # A folder with the name of a shard contains the folders of other tenants.
    shards = SHARDS if home == TENANTS else ()
    return tuple(
        [name for name, entry in entries.items() if name not in homes or not entry.is_tree or name in shards]
    )
