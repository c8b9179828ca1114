"""The fleet that runs read: as new as it must be, and not fetched anew for each of them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.fleet.state import State

__all__ = ["FleetRepository", "FleetSource"]


class FleetRepository(Protocol):
    """What a fleet repository must be able to do; :class:`goldenpath.fleet.Fleet` is one."""

    def state(self) -> State:
        """The fleet as the branch has it now."""


class FleetSource:
    """The state of a fleet repository, kept for a few seconds.

    Args:
        repository: where it is read from.
        seconds: how old a state may be that is handed out.
        clock: monotonic, in seconds.
    """

    def __init__(
        self,
        repository: FleetRepository,
        *,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.repository = repository
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._known: tuple[float, State] | None = None

    def state(self, *, newest: bool = False) -> State:
        """The fleet, and the tenants in it.

        Args:
            newest: as the branch has it now, and not some seconds ago.

        Raises:
            InputError: the repository holds no fleet, or one with problems.
            RepositoryError: it cannot be read.
        """
        known = self._known
        if not newest and known is not None and self._clock() < known[0]:
            return known[1]
        with self._lock:  # one thread asks; the others take what it was told
            known = self._known
            if newest or known is None or self._clock() >= known[0]:
                state = self.repository.state()
                self._known = known = (self._clock() + self._seconds, state)
            return known[1]

    def forget(self) -> None:
        """Read anew at the next time: something was changed."""
        self._known = None
