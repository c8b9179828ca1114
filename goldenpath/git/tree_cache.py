"""Cache trees in memory. An object's id depends on its content, so a cached tree is never stale."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.git.objects import TreeEntry

# Memory of an entry (name, id, tuple, dictionary slot), measured with `tracemalloc` for 20 to 10,000 entries.
_BYTES_OF_AN_ENTRY: Final = 330
_BYTES_OF_A_TREE: Final = 500


class TreeCache:
    """The most recently used trees, up to ``limit`` bytes. Thread-safe."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._trees: OrderedDict[str, Mapping[str, TreeEntry]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, tree: str) -> Mapping[str, TreeEntry] | None:
        with self._lock:
            found = self._trees.get(tree)
            if found is not None:
                self._trees.move_to_end(tree)
            return found

    def put(self, tree: str, entries: Mapping[str, TreeEntry]) -> None:
        with self._lock:
            if tree in self._trees:
                return
            self._trees[tree] = entries
            self._size += _size(entries)
            while self._size > self._limit and len(self._trees) > 1:
                _, dropped = self._trees.popitem(last=False)
                self._size -= _size(dropped)


def _size(entries: Mapping[str, TreeEntry]) -> int:
    return _BYTES_OF_A_TREE + _BYTES_OF_AN_ENTRY * len(entries)
