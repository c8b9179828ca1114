"""Errors of the backend itself, beside those of :mod:`goldenpath.errors`.

::

    GoldenpathError
    └── BackendError
        ├── UnauthenticatedError   who asks did not show, or could not prove, who they are
        ├── ForbiddenError         who asks may not do this
        ├── NotThereError          what is asked for is not there
        ├── BadRequestError        the HTTP request itself cannot be used
        ├── KeyReusedError         an idempotency key stands for another input already
        ├── BusyError              more than we take on: come again in a while
        ├── CancelledRunError      the caller has gone, or the time is up
        └── UnavailableError       something that we need does not answer
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
    "NotThereError",
    "UnauthenticatedError",
    "UnavailableError",
]


class BackendError(GoldenpathError):
    """Base of all; ``status`` is the HTTP status, ``kind`` the last word of the problem's type."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    kind = "internal"
    title = "Something went wrong here"
    retry_after: int | None = None
    """Whole seconds after which another try may do; None where it would not help."""


class UnauthenticatedError(BackendError):
    """Who asks did not show, or could not prove, who they are. ``reason`` is for the log and never for the answer."""

    status = HTTPStatus.UNAUTHORIZED
    kind = "unauthenticated"
    title = "Say who you are"

    def __init__(self, reason: str) -> None:
        super().__init__("a bearer token that this service accepts is needed")
        self.reason = reason


class ForbiddenError(BackendError):
    """Who asks may not do this."""

    status = HTTPStatus.FORBIDDEN
    kind = "forbidden"
    title = "You may not do this"


class NotThereError(BackendError):
    """What is asked for is not there."""

    status = HTTPStatus.NOT_FOUND
    kind = "not-found"
    title = "This is not there"


class BadRequestError(BackendError):
    """The HTTP request itself cannot be used: its form, its size, its type, or its pace."""

    kind = "bad-request"
    title = "The request cannot be read"

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class KeyReusedError(BackendError):
    """An idempotency key stands for another input already."""

    status = HTTPStatus.CONFLICT
    kind = "key-reused"
    title = "This key was used for something else"


class BusyError(BackendError):
    """More than we take on."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    kind = "busy"
    title = "Too much at once"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CancelledRunError(BackendError):
    """The caller has gone, the time is up, or we are stopping: only then would asking again help."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    kind = "cancelled"
    title = "The run was ended"

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnavailableError(BackendError):
    """Something that we need does not answer."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    kind = "unavailable"
    title = "Something that is needed does not answer"

    def __init__(self, message: str, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after
