"""Streams events as lines of JSON (``application/x-ndjson``), and notices a lost connection."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from fastapi import Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.types import Receive, Scope, Send

__all__ = ["MEDIA_TYPE", "CollectedResponse", "EventsResponse", "events_at_once"]

MEDIA_TYPE: Final = "application/x-ndjson"
# Proxies must not buffer the lines.
_HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}


class EventsResponse(Response):
    """A stream of lines.

    Args:
        chunks: complete lines, in order.
        gone: called once if the caller closes the connection before the end.
    """

    media_type = MEDIA_TYPE

    def __init__(self, chunks: AsyncIterator[bytes], *, gone: Callable[[], None]) -> None:
        self.status_code = HTTPStatus.OK
        self.background = None
        self._chunks = chunks
        self._gone = gone
        self.init_headers(_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        listening = asyncio.create_task(_closed(receive))
        listening.add_done_callback(lambda task: None if task.cancelled() else self._gone())
        try:
            await self._answer_with(scope, receive, send)
        finally:
            listening.cancel()

    async def _answer_with(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for chunk in self._chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class CollectedResponse(EventsResponse):
    """One response for all events, sent after the last one.

    Args:
        chunks: complete lines, in order.
        gone: called once if the caller closes the connection before the end.
        answer: builds the response from all lines.
    """

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        *,
        gone: Callable[[], None],
        answer: Callable[[list[bytes]], Response],
    ) -> None:
        super().__init__(chunks, gone=gone)
        self._answer = answer

    async def _answer_with(self, scope: Scope, receive: Receive, send: Send) -> None:
        lines = b"".join([chunk async for chunk in self._chunks]).splitlines()
        await self._answer(lines)(scope, receive, send)


def events_at_once(lines: bytes) -> Response:
    """Return a response with all lines of a completed run."""
    return Response(lines, HTTPStatus.OK, _HEADERS, MEDIA_TYPE)


async def _closed(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
