"""Passes the events of a run from its thread to the event loop, in order, with a bounded buffer."""

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
"""The largest number of unsent bytes. A slow reader slows its run down."""
_WORTH_SENDING: Final = 64 * 1024
"""Small events are collected up to this number of bytes, and sent together."""


class Stream:
    """The events of one run. A thread writes them, and the event loop reads them; either side may end the stream."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._changed = threading.Condition()
        self._news = asyncio.Event()
        self._is_reader_woken = False
        self._waiting: list[bytes] = []
        self._bytes = 0
        self._ended = False
        self._cancellation: CancelledRunError | None = None

    # -- the thread's side

    @property
    def cancelled(self) -> bool:
        return self._cancellation is not None

    def check(self) -> None:
        """Raise the cancellation of a cancelled run.

        Raises:
            CancelledRunError: the run is cancelled.
        """
        if self._cancellation is not None:
            raise self._cancellation

    def wait(self, seconds: float) -> None:
        """Wait some seconds, or until the run is cancelled.

        Raises:
            CancelledRunError: the run is cancelled.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.cancelled, seconds)
        self.check()

    def write(self, line: bytes, *, at_once: bool) -> None:
        """Send one event.

        Args:
            line: the event, with its line feed.
            at_once: whether to send it now, since a person waits for it; otherwise it waits for others.

        Raises:
            CancelledRunError: the run is cancelled.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._bytes < _MOST_BYTES or self.cancelled)
            self.check()
            self._put(line)
            if at_once or self._bytes >= _WORTH_SENDING:
                self._wake_reader()

    def end(self, line: bytes) -> None:
        """Send the last event, also of a cancelled run."""
        with self._changed:
            self._put(line)
            self._ended = True
            self._wake_reader()

    def _put(self, line: bytes) -> None:
        self._waiting.append(line)
        self._bytes += len(line)

    def _wake_reader(self) -> None:
        if not self._is_reader_woken:
            self._is_reader_woken = True
            with contextlib.suppress(RuntimeError):  # the server has stopped, so no reader is left
                self._loop.call_soon_threadsafe(self._news.set)

    # -- the event loop's side

    def cancel(self, why: str, *, retry_after: int | None = None) -> None:
        """Cancel the run, which ends at its next safe point.

        Args:
            why: the reason, for the caller.
            retry_after: whole seconds after which a retry may succeed; None if a retry does not help.
        """
        with self._changed:
            if self._cancellation is None:
                self._cancellation = CancelledRunError(why, retry_after)
            self._changed.notify_all()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the events, all waiting ones at a time."""
        ended = False
        while not ended:
            await self._news.wait()
            with self._changed:
                self._news.clear()
                self._is_reader_woken = False
                lines, ended = self._waiting, self._ended
                self._waiting, self._bytes = [], 0
                self._changed.notify_all()
            if lines:
                yield b"".join(lines)
