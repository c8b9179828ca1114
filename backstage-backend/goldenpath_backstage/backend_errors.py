"""Errors of the backend, in addition to those of :mod:`goldenpath.errors`.

::

    GoldenpathError
    └── BackendError
        ├── UnauthenticatedError   the caller has no valid token
        ├── ForbiddenError         the caller lacks the right
        ├── NotFoundError          no such action, request or address
        ├── BadRequestError        the HTTP request itself is not valid
        ├── KeyReusedError         the idempotency key belongs to another input
        ├── BusyError              the queue is full
        ├── CancelledRunError      the caller disconnected, the time is up, or the service stops
        └── UnavailableError       the repository, the database or a token issuer does not answer
"""

from __future__ import annotations

from http import HTTPStatus

from goldenpath.errors import GoldenpathError

__all__ = [
    "BackendError",
    "BadRequestError",
    "BusyError",
    "CancelledRunError",
    "ForbiddenError",
    "KeyReusedError",
    "NotFoundError",
    "UnauthenticatedError",
    "UnavailableError",
]


class BackendError(GoldenpathError):
    """Base of all. ``status`` is the HTTP status, and ``kind`` is the last word of the problem's type."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    kind = "internal"
    title = "Internal error"
    retry_after: int | None = None
    """Whole seconds after which a retry may succeed; None if a retry does not help."""

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        if retry_after is not None:
            self.retry_after = retry_after


class UnauthenticatedError(BackendError):
    """The caller has no valid token. ``reason`` is only for the log, never for the answer."""

    status = HTTPStatus.UNAUTHORIZED
    kind = "unauthenticated"
    title = "Authentication is required"

    def __init__(self, reason: str) -> None:
        super().__init__("send a bearer token that this service accepts")
        self.reason = reason


class ForbiddenError(BackendError):
    """The caller lacks the right."""

    status = HTTPStatus.FORBIDDEN
    kind = "forbidden"
    title = "Not allowed"


class NotFoundError(BackendError):
    """No such action, request or address."""

    status = HTTPStatus.NOT_FOUND
    kind = "not-found"
    title = "Not found"


class BadRequestError(BackendError):
    """The HTTP request itself is not valid: its syntax, size, media type or speed."""

    kind = "bad-request"
    title = "The HTTP request is not valid"

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class KeyReusedError(BackendError):
    """The idempotency key belongs to another input."""

    status = HTTPStatus.CONFLICT
    kind = "key-reused"
    title = "The idempotency key belongs to another input"


class BusyError(BackendError):
    """The queue is full."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    kind = "busy"
    title = "Too many requests"


class CancelledRunError(BackendError):
    """The caller disconnected, the time is up, or the service stops. Only in the last case does a retry help."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    kind = "cancelled"
    title = "The run was cancelled"


class UnavailableError(BackendError):
    """The repository, the database or a token issuer does not answer."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    kind = "unavailable"
    title = "A service that the backend needs does not answer"
    retry_after = 5
