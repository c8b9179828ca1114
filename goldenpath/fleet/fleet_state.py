"""The fleet as one commit has it."""

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
    """Contexts by the id of the fleet's file, which rarely changes from one commit to the next."""

    def __init__(self, make: Callable[[str], FleetContext]) -> None:
        self._make = make
        self._known: dict[str, FleetContext] = {}

    def of(self, snapshot: Snapshot) -> FleetContext:
        """The context of the fleet that a commit has.

        Raises:
            InputError: the commit has no fleet, or one with problems.
        """
        entry = snapshot.find(FLEET_FILE)
        key = entry.id if entry is not None else ""
        if key not in self._known:
            context = self._make(fleet_text(snapshot.reader, snapshot.tree))
            while len(self._known) >= _REMEMBERED:
                # Another thread may have been quicker to forget.
                self._known.pop(next(iter(self._known)), None)
            self._known[key] = context
        return self._known[key]


class FleetState:
    """One commit of the fleet's branch: the fleet that it describes, and the tenants that it holds.

    Args:
        snapshot: the commit.
        read: reads the fleet at first use: one that is broken can be published anew.
    """

    def __init__(self, snapshot: Snapshot, read: Callable[[], FleetContext]) -> None:
        self.snapshot = snapshot
        self._read = read

    @cached_property
    def context(self) -> FleetContext:
        """The fleet.

        Raises:
            InputError: the commit has no fleet, or one with problems.
        """
        return self._read()

    def anew(self) -> FleetState:
        """The same commit and fleet, with nothing remembered of its tenants: a long walk through them takes no more memory."""
        return FleetState(self.snapshot, lambda: self.context)

    @cached_property
    def tree(self) -> FleetTree:
        """Tenants and platforms."""
        return FleetTree(self.snapshot.reader, self.snapshot.tree, self.context.layout)
