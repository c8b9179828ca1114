"""The fleet that runs read, cached for a few seconds."""

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
    """A fleet repository, with a cache of its state.

    Args:
        forge: the forge for pull requests; None if the repository has none.
        kubeconfig: the kubeconfig for the clusters; None if the backend reaches none.
        seconds: the largest age of a cached state.
        clock: a monotonic clock, in seconds.
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
        """Return the fleet and its tenants.

        Args:
            newest: read the branch now, instead of a cached state.

        Raises:
            UnavailableError: the repository holds no valid fleet, which is not the caller's fault.
            RepositoryError: the repository cannot be read.
        """
        if not newest and (known := self.cached_state()) is not None:
            return known
        with self._lock:  # one thread reads, and the others take its state
            if not newest and (known := self.cached_state()) is not None:
                return known
            state = self._read()
            self._known = (self._clock() + self._seconds, state)
            return state

    def cached_state(self) -> FleetState | None:
        """Return the cached state; None if :meth:`state` would read the repository."""
        known = self._known
        return known[1] if known is not None and self._clock() < known[0] else None

    def _read(self) -> FleetState:
        try:
            state = self.repository.state()
            _ = state.context  # parsed here, where a problem is not the caller's
        except InputError as error:
            reported = "; ".join(map(str, error.problems))
            raise UnavailableError(f"the fleet repository holds no valid fleet: {reported}") from None
        return state

    def forget(self) -> None:
        """Drop the cached state after a change."""
        self._known = None
