"""Gives every HTTP request an id, limits, headers, a metric and a log line, and answers errors as problem documents.

It is plain ASGI, so that bodies stream through it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import GoldenpathError
from goldenpath_backstage.backend_errors import BadRequestError, CancelledRunError, ForbiddenError
from goldenpath_backstage.http.responses import problem_response
from goldenpath_backstage.telemetry.logs import ACCESS, SERVICE, fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from goldenpath_backstage.telemetry.metrics import Metrics

__all__ = ["RequestMiddleware", "request_id_of"]

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_MAX_HEADER_BYTES: Final = 32 * 1024
_MAX_TARGET_BYTES: Final = 8 * 1024
_MAX_HEADERS: Final = 100
_ONCE: Final = frozenset({b"authorization", b"content-length", b"content-type", b"host", b"idempotency-key"})
"""Headers that may appear only once."""

_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})

_access = logging.getLogger(ACCESS)
_service = logging.getLogger(SERVICE)


def request_id_of(scope: Scope) -> str:
    """Return the id that the middleware gave to a request."""
    return str(scope["state"]["request_id"])


class RequestMiddleware:
    """Middleware around the whole app.

    Args:
        metrics: counts the requests.
        only_local: refuse hosts and origins other than this machine. Without authentication, a page of another site
            in a browser could otherwise use the service.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, only_local: bool) -> None:
        self.app = app
        self.metrics = metrics
        self.only_local = only_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        answered = HTTPStatus.INTERNAL_SERVER_ERROR.value
        begun = False

        async def answer(message: Message) -> None:
            nonlocal answered, begun
            if message["type"] == "http.response.start":
                answered, begun = message["status"], True
                message["headers"] = [
                    *message.get("headers", ()),
                    *_ALWAYS,
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        self.metrics.in_progress.inc()
        try:
            _check_head(scope, headers)
            if self.only_local:
                _check_local(headers)
            await self.app(scope, receive, answer)
        except asyncio.CancelledError:
            # The server stops, and its time for open requests is over.
            if not begun:
                stopping = CancelledRunError("this service is stopping; ask again", retry_after=1)
                await problem_response(stopping, request_id)(scope, receive, answer)
            raise
        except Exception as error:
            if not isinstance(error, GoldenpathError):
                _service.exception("unexpected failure", extra=fields(request_id=request_id))
            if (
                begun
            ):  # too late for a problem document; the broken connection shows that the answer is incomplete
                raise
            await problem_response(error, request_id)(scope, receive, answer)
        finally:
            self.metrics.in_progress.dec()
            self._record(scope, answered, time.perf_counter() - started, request_id)

    def _record(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = _route_of(scope)
        self.metrics.requests.labels(method, route, str(status)).inc()
        self.metrics.request_seconds.labels(route).observe(seconds)
        if route not in _QUIET:
            _access.info(
                "answered",
                extra=fields(
                    request_id=request_id,
                    method=method,
                    route=route,
                    status=status,
                    milliseconds=round(seconds * 1000, 2),
                    caller=scope["state"].get("caller"),
                ),
            )


def _route_of(scope: Scope) -> str:
    """Return the route's pattern, without the caller's values, for metrics and logs."""
    route = scope.get("route")
    return str(route.path) if route is not None else "none"


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the caller's own id if it is valid, else a new one."""
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode("ascii")
    return secrets.token_hex(16)


def _check_head(scope: Scope, headers: list[tuple[bytes, bytes]]) -> None:
    size = sum(len(name) + len(value) for name, value in headers)
    if size > _MAX_HEADER_BYTES or len(headers) > _MAX_HEADERS:
        raise BadRequestError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "send fewer or shorter headers")
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > _MAX_TARGET_BYTES:
        raise BadRequestError(HTTPStatus.REQUEST_URI_TOO_LONG, "send a shorter address")
    names = [name for name, _ in headers if name in _ONCE]
    if len(names) != len(set(names)):
        repeated = next(name.decode() for name in names if names.count(name) > 1)
        raise BadRequestError(HTTPStatus.BAD_REQUEST, f"send the header {repeated} once")


_LOCAL_NAMES: Final = re.compile(
    rb"(?:https?://)?(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?"
)


def _check_local(headers: list[tuple[bytes, bytes]]) -> None:
    is_local: Callable[[bytes], Any] = _LOCAL_NAMES.fullmatch
    for name, value in headers:
        if name in {b"host", b"origin"} and not is_local(value):
            raise ForbiddenError("this service has no authentication, so it answers only this machine")
