"""The fleet that runs read: as new as it must be, and not fetched anew for each of them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from goldenpath.errors import InputError
from goldenpath_backstage.backend_errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from goldenpath.fleet import Fleet
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.forges import Forge

__all__ = ["FleetSource"]


class FleetSource:
    """A fleet repository, and its state kept for a few seconds.

    Args:
        repository: what is read, and written.
        forge: where its pull requests are opened; None where it has none.
        kubeconfig: how its clusters are reached; None where they are not.
        seconds: how old a state may be that is handed out.
        clock: monotonic, in seconds.
    """

    def __init__(
        self,
        repository: Fleet,
        *,
        forge: Forge | None,
        kubeconfig: Path | None,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.repository = repository
        self.forge = forge
        self.kubeconfig = kubeconfig
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._known: tuple[float, FleetState] | None = None

    def state(self, *, newest: bool = False) -> FleetState:
        """The fleet, and the tenants in it.

        Args:
            newest: as the branch has it now, and not some seconds ago.

        Raises:
            UnavailableError: the repository holds no fleet, or one with problems: nothing that a caller gave.
            RepositoryError: it cannot be read.
        """
        if not newest and (known := self.at_hand()) is not None:
            return known
        with self._lock:  # one thread asks; the others take its answer
            if not newest and (known := self.at_hand()) is not None:
                return known
            state = self._read()
            self._known = (self._clock() + self._seconds, state)
            return state

    def at_hand(self) -> FleetState | None:
        """The state that :meth:`state` would hand out without reading anything; None where it would read."""
        known = self._known
        return known[1] if known is not None and self._clock() < known[0] else None

    def _read(self) -> FleetState:
        try:
            state = self.repository.state()
            _ = state.context  # is read now, where a problem is not the caller's
        except InputError as error:
            reported = "; ".join(map(str, error.problems))
            raise UnavailableError(
                f"the fleet repository holds no fleet that can be used: {reported}"
            ) from None
        return state

    def forget(self) -> None:
        """Read anew at the next time: something was changed."""
        self._known = None
