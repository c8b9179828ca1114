"""Converts refusals of an API server to errors that name object, field and reason.

The error keeps only the useful part of the server's `Status`. Messages about a Secret are left out, since a server
quotes invalid values.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import ClusterError, ClusterUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BROKEN", "BUSY", "CONFLICT", "NOT_FOUND", "field_conflicts", "is_temporary", "refusal"]

NOT_FOUND: Final = 404
CONFLICT: Final = 409
BUSY: Final = frozenset({429, 502, 503, 504})
"""Statuses of a server that is overloaded, starting or stopping."""
BROKEN: Final = 500
"""The status for a broken webhook, an etcd that elects a leader, and also a patch with an unknown field."""

_MAX_CHARS: Final = 400
_FIELD_CONFLICT: Final = "FieldManagerConflict"
_NO_CREDENTIALS: Final = 401
_BAD_PATCH: Final = "failed to create typed patch object"


def refusal(code: int, content: bytes, *, about: str, secret: bool = False) -> ClusterError:
    """Return the error for an answer without success.

    Args:
        code: the HTTP status.
        content: the body: the API server's `Status`, or a proxy's page.
        about: the object of the request, such as ``ResourceQuota vision/vision-compute``.
        secret: whether the object's values are secret.
    """
    status = _status(content)
    causes = _causes(status, secret=secret)
    reason = str(status.get("reason") or f"HTTP {code}")
    message = _message(status, causes, secret=secret) or reason
    if code == _NO_CREDENTIALS:
        message = "the server does not accept the credentials of this context; log in again"
    kind = ClusterUnavailableError if code in BUSY else ClusterError
    details = status.get("details") or {}
    return kind(
        f"{about}: {message}",
        about=about,
        code=code,
        reason=reason,
        causes=causes,
        named=(str(details.get("kind", "")), str(details.get("name", ""))),
    )


def field_conflicts(error: ClusterError) -> tuple[tuple[str, str], ...]:
    """Return each field that another manager owns, with the manager; empty if the refusal has another reason."""
    return tuple(
        (field.removeprefix("."), _manager(message))
        for field, reason, message in error.causes
        if reason == _FIELD_CONFLICT
    )


def is_temporary(error: ClusterError) -> bool:
    """Whether the same request may succeed later, since the fault is the server's state and not the request."""
    if error.code == BROKEN:
        return _BAD_PATCH not in str(error)
    if error.code == CONFLICT:  # another writer changed the object in between
        return not field_conflicts(error)
    return isinstance(error, ClusterUnavailableError)


def _status(content: bytes) -> Mapping[str, Any]:
    try:
        status = json.loads(content)
    except ValueError:
        return {}
    return status if isinstance(status, dict) and status.get("kind") == "Status" else {}


def _causes(status: Mapping[str, Any], *, secret: bool) -> tuple[tuple[str, str, str], ...]:
    found = (status.get("details") or {}).get("causes") or ()
    return tuple(
        (
            str(cause.get("field", "")),
            str(cause.get("reason", "")),
            "" if secret and cause.get("reason") != _FIELD_CONFLICT else str(cause.get("message", "")),
        )
        for cause in found
    )


def _message(status: Mapping[str, Any], causes: tuple[tuple[str, str, str], ...], *, secret: bool) -> str:
    if secret:
        fields = ", ".join(field for field, _, _ in causes if field)
        return f"{status.get('reason', '')}{f' ({fields})' if fields else ''}"
    text = " ".join(str(status.get("message", "")).split())
    return text if len(text) <= _MAX_CHARS else f"{text[: _MAX_CHARS - 1]}…"


def _manager(message: str) -> str:
    """Return the manager in ``conflict with "kubectl-edit" using v1 at …``."""
    parts = message.split('"')
    return parts[1] if len(parts) > 1 else message
