"""Reading what a fleet was promised, without looking at every tenant each time.

While the tree of a folder with tenants has the same id, nothing in it is read. When it has another one, only those
tenants are read whose own folder has another one too. So a publish after a publish reads one tenant, and asks as many
folders for their ids as there are shards.

A promise is what the lock says: it was made when the tenant was published. Where the request has changed since, or the
lock cannot be used, the request itself is asked, through a function that the caller gives.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from goldenpath.errors import InputError
from goldenpath.repository.fleet_tree import read_lock
from goldenpath.repository.lock import LOCK_FILE
from goldenpath.repository.promises import Promise, Promises, ShardContents, ShardPromises, promise_of
from goldenpath.repository.tombstone import TOMBSTONE_FILE
from goldenpath.spec.ref import Ref, Subject
from goldenpath.tenancy import RepositoryPaths
from goldenpath.tenancy.layout import Layout
from goldenpath.tenancy.repository_paths import REQUEST_FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from goldenpath.git.objects import TreeEntry
    from goldenpath.repository.fleet_tree import FleetTree
    from goldenpath.repository.promise_cache import PromiseCache

    Resolve = Callable[[str, str], Promise | None]
    """From the path and text of a request to what it asks for; None or an InputError where it is not accepted."""

__all__ = ["PromiseIndex"]

_AT_ONCE: Final = 1000
_MOST_UNWRITTEN: Final = 15
"""A process writes the first new state of a shard to the cache, and then each sixteenth: to write 600 tenants takes
1.7 ms, a tenth of a publish. From an older file the next process reads only the tenants that changed."""
_REQUEST_FILE: Final = REQUEST_FILES[Subject.TENANT]


class PromiseIndex:
    """Remembers the shards of one repository, in memory and, with a cache, on disk. Safe for many threads."""

    def __init__(self, cache: PromiseCache | None = None) -> None:
        self._cache = cache
        self._shards: dict[str, ShardPromises] = {}
        self._unwritten: dict[str, int] = {}  # new states of each shard since it was written to the cache
        self._lock = threading.Lock()

    def read(self, tree: FleetTree, resolve: Resolve) -> Promises:
        """What the tenants of one state of the fleet were promised.

        Args:
            tree: the state.
            resolve: what a request asks for, of a tenant whose lock does not say it.

        Raises:
            RepositoryError: the repository cannot be read.

        """
        shards = [self._shard(tree, place, found) for place, found in tree.shards()]
        asked = {}
        for shard in shards:
            for promise in shard.odd_ones:
                if not promise.settled:
                    home = f"{shard.place}/{promise.name}"
                    asked[home] = _asked(tree, f"{home}/{_REQUEST_FILE}", resolve) or promise
        return Promises(shards, asked)

    def _shard(self, tree: FleetTree, place: str, found: str) -> ShardPromises:
        with self._lock:
            known, unwritten = self._shards.get(place), self._unwritten.get(place, _MOST_UNWRITTEN)
        if known is None and self._cache is not None:
            known = self._cache.read(place)
        shard = known if known is not None and known.tree == found else _updated(tree, place, found, known)
        if shard is not known:
            unwritten += 1
            if self._cache is not None and unwritten > _MOST_UNWRITTEN:
                self._cache.write(shard)
                unwritten = 0
        with self._lock:
            self._shards[place] = shard
            if shard is not known:
                self._unwritten[place] = unwritten
        return shard


def _updated(tree: FleetTree, place: str, found: str, known: ShardPromises | None) -> ShardPromises:
    """The shard as it is now: unchanged tenants are taken over, the rest is read."""
    folders = tree.homes(place)
    before = known.contents if known is not None else ShardContents({}, {})
    stayed = {name for name, folder in folders.items() if before.folders.get(name) == folder}
    promises = {name: before.promises[name] for name in stayed}
    changed = [name for name in folders if name not in stayed]
    for start in range(0, len(changed), _AT_ONCE):
        promises |= _read(tree, place, folders, changed[start : start + _AT_ONCE])
    return ShardPromises.of(place, found, ShardContents(folders, promises), known)


def _read(tree: FleetTree, place: str, folders: Mapping[str, str], names: list[str]) -> dict[str, Promise]:
    trees = tree.reader.trees([folders[name] for name in names])
    found = dict(zip(names, trees, strict=True))
    wanted = {entries[LOCK_FILE].id for entries in found.values() if _has(entries, LOCK_FILE)}
    locks = dict(tree.reader.blobs(wanted))
    return {name: _promise(f"{place}/{name}", name, entries, locks) for name, entries in found.items()}


def _has(entries: Mapping[str, TreeEntry], file: str) -> bool:
    return file in entries and entries[file].is_blob


def _promise(home: str, name: str, entries: Mapping[str, TreeEntry], locks: Mapping[str, bytes]) -> Promise:
    has_request = _has(entries, _REQUEST_FILE)
    lock = None
    if _has(entries, LOCK_FILE):
        data = locks[entries[LOCK_FILE].id]
        lock = read_lock(
            data, f"{home}/{LOCK_FILE}", RepositoryPaths(Ref.of_tenant(name), Layout(sharded=False)).owns
        ).lock
    if lock is None:
        is_retired = not has_request and _has(entries, TOMBSTONE_FILE)
        return Promise(name, retired=is_retired, settled=not has_request)
    is_current = not has_request or entries[_REQUEST_FILE].id == lock.request_file
    return promise_of(name, lock, settled=is_current)


def _asked(tree: FleetTree, path: str, resolve: Resolve) -> Promise | None:
    """What a request asks for; None where it is not accepted, and what was promised before still holds."""
    entry = tree.reader.find(tree.tree, path)
    if entry is None or not entry.is_blob:
        return None
    try:
        return resolve(path, tree.reader.blob(entry.id).decode())
    except (InputError, UnicodeDecodeError):
        return None
