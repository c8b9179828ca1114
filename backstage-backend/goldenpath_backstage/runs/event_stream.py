"""Passes events in order from the thread of a run to its reader, with a bounded buffer."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Final

from goldenpath_backstage.backend_errors import CancelledRunError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Stream"]

_MOST_BYTES: Final = 1024 * 1024
"""How much may lie here unsent: a caller that reads slowly then slows its run down."""
_WORTH_SENDING: Final = 64 * 1024
"""Files are small: they go out together."""


class Stream:
    """One run's events. A thread writes, the event loop reads; either may end it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._changed = threading.Condition()
        self._news = asyncio.Event()
        self._is_wait_reported = False
        self._waiting: list[bytes] = []
        self._bytes = 0
        self._ended = False
        self._why: CancelledRunError | None = None

    # -- the thread's side

    @property
    def cancelled(self) -> bool:
        """Whether the run should end."""
        return self._why is not None

    def check(self) -> None:
        """Go on, or end here.

        Raises:
            CancelledRunError: the run should end.
        """
        if self._why is not None:
            raise self._why

    def wait(self, seconds: float) -> None:
        """Do nothing for a while, or until the run should end.

        Raises:
            CancelledRunError: the run should end.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.cancelled, seconds)
        self.check()

    def write(self, line: bytes, *, at_once: bool) -> None:
        """Hand on one event.

        Args:
            line: the event, with its line feed.
            at_once: send it now, since a person waits for it; else it may wait for others.

        Raises:
            CancelledRunError: the run should end.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._bytes < _MOST_BYTES or self.cancelled)
            self.check()
            self._put(line)
            if at_once or self._bytes >= _WORTH_SENDING:
                self._tell()

    def end(self, line: bytes) -> None:
        """Hand on the last event, also of a run that was cancelled."""
        with self._changed:
            self._put(line)
            self._ended = True
            self._tell()

    def _put(self, line: bytes) -> None:
        self._waiting.append(line)
        self._bytes += len(line)

    def _tell(self) -> None:
        if not self._is_wait_reported:
            self._is_wait_reported = True
            with contextlib.suppress(RuntimeError):  # the server has stopped: no reader is left
                self._loop.call_soon_threadsafe(self._news.set)

    # -- the event loop's side

    def cancel(self, why: str, *, retry_after: int | None = None) -> None:
        """Ask the run to end; it does at the next safe place.

        Args:
            why: for the caller.
            retry_after: whole seconds after which asking again may do; None where it would not help.
        """
        with self._changed:
            if self._why is None:
                self._why = CancelledRunError(why, retry_after)
            self._changed.notify_all()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The events, as many at a time as there are."""
        ended = False
        while not ended:
            await self._news.wait()
            with self._changed:
                self._news.clear()
                self._is_wait_reported = False
                lines, ended = self._waiting, self._ended
                self._waiting, self._bytes = [], 0
                self._changed.notify_all()
            if lines:
                yield b"".join(lines)
