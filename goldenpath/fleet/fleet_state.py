"""The state of a fleet in one commit."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from goldenpath.repository.fleet_tree import FleetTree, fleet_text
from goldenpath.tenancy.repository_paths import FLEET_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.fleet.fleet_context import FleetContext
    from goldenpath.git import Snapshot

__all__ = ["FleetContexts", "FleetState"]

_REMEMBERED = 4


class FleetContexts:
    """A cache of contexts by the id of the fleet's file, which rarely changes from commit to commit."""

    def __init__(self, make: Callable[[str], FleetContext]) -> None:
        self._make = make
        self._known: dict[str, FleetContext] = {}

    def of(self, snapshot: Snapshot) -> FleetContext:
        """The context of a commit.

        Raises:
            InputError: the commit has no fleet, or a fleet with problems.
        """
        entry = snapshot.find(FLEET_FILE)
        key = entry.id if entry is not None else ""
        if key not in self._known:
            context = self._make(fleet_text(snapshot.reader, snapshot.tree))
            while len(self._known) >= _REMEMBERED:
                # Another thread may have removed the entry already.
                self._known.pop(next(iter(self._known)), None)
            self._known[key] = context
        return self._known[key]


class FleetState:
    """One commit of the fleet's branch: the fleet and its tenants.

    Args:
        read: reads the fleet at first use, so that a publish can replace a broken fleet.
    """

    def __init__(self, snapshot: Snapshot, read: Callable[[], FleetContext]) -> None:
        self.snapshot = snapshot
        self._read = read

    @cached_property
    def context(self) -> FleetContext:
        """The fleet.

        Raises:
            InputError: the commit has no fleet, or a fleet with problems.
        """
        return self._read()

    def without_cache(self) -> FleetState:
        """The same state without cached tenants, to release the memory during a long pass."""
        return FleetState(self.snapshot, lambda: self.context)

    @cached_property
    def tree(self) -> FleetTree:
        return FleetTree(self.snapshot.reader, self.snapshot.tree, self.context.layout)
