"""A cache of answers that depend only on the input, the fleet and the day."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import datetime as dt

    from goldenpath.fleet.fleet_context import FleetContext

    Key = tuple[FleetContext, dt.date, str]
    """The fleet, the day, and a digest of action and input."""

__all__ = ["Answers"]

_MOST_BYTES: Final = 32 * 1024 * 1024
_LARGEST: Final = 1024 * 1024
"""A larger answer would evict all others."""


class Answers:
    """The most recently used answers of actions that only compute. Safe for many threads.

    The key includes the fleet's context by identity. A changed fleet is a new object, so its answers are separate.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._known: OrderedDict[Key, bytes] = OrderedDict()
        self._bytes = 0

    @property
    def size(self) -> int:
        """Bytes of the answers that are kept."""
        return self._bytes

    def get(self, key: Key) -> bytes | None:
        """Return the answer, if it is cached."""
        with self._lock:
            answer = self._known.get(key)
            if answer is not None:
                self._known.move_to_end(key)
            return answer

    def keep(self, key: Key, answer: bytes) -> None:
        """Cache an answer, and evict the least recently used ones."""
        if len(answer) > _LARGEST:
            return
        with self._lock:
            self._bytes += len(answer) - len(self._known.pop(key, b""))
            self._known[key] = answer
            while self._bytes > self._most_bytes:
                _, oldest = self._known.popitem(last=False)
                self._bytes -= len(oldest)
