"""Turns refusals of an API server into errors that name object, field and reason.

Only what a person needs is kept of its `Status`. A message about a Secret is left out: a server quotes the values
that it finds invalid.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import ClusterError, ClusterUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BROKEN", "BUSY", "CONFLICT", "NOT_FOUND", "field_conflicts", "may_pass", "refusal"]

NOT_FOUND: Final = 404
CONFLICT: Final = 409
BUSY: Final = frozenset({429, 502, 503, 504})
"""Answers of a server that has too much to do, or is on its way up or down."""
BROKEN: Final = 500
"""What a broken webhook makes, an etcd that changes its leader, and also a patch with a field that is not known."""

_LONGEST: Final = 400
_FIELD_CONFLICT: Final = "FieldManagerConflict"
_NO_CREDENTIALS: Final = 401
_BAD_PATCH: Final = "failed to create typed patch object"


def refusal(code: int, content: bytes, *, about: str, secret: bool = False) -> ClusterError:
    """The error for an answer that is not a success.

    Args:
        code: the HTTP status.
        content: the body: a `Status` of the API server's, or whatever a proxy on the way has to say.
        about: what was asked, such as ``ResourceQuota vision/vision-compute``.
        secret: whether the object's values are secret.

    """
    status = _status(content)
    causes = _causes(status, secret=secret)
    reason = str(status.get("reason") or f"HTTP {code}")
    said = _said(status, causes, secret=secret) or reason
    if code == _NO_CREDENTIALS:
        said = "the credentials of this context were not accepted; log in again"
    kind = ClusterUnavailableError if code in BUSY else ClusterError
    details = status.get("details") or {}
    return kind(
        f"{about}: {said}",
        about=about,
        code=code,
        reason=reason,
        causes=causes,
        named=(str(details.get("kind", "")), str(details.get("name", ""))),
    )


def field_conflicts(error: ClusterError) -> tuple[tuple[str, str], ...]:
    """Field and its manager, for each field that belongs to another; none where the refusal is about something else."""
    return tuple(
        (field.removeprefix("."), _manager(message))
        for field, reason, message in error.causes
        if reason == _FIELD_CONFLICT
    )


def may_pass(error: ClusterError) -> bool:
    """Whether the same request may succeed in a moment: what is wrong is the server's state, not the request."""
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


def _said(status: Mapping[str, Any], causes: tuple[tuple[str, str, str], ...], *, secret: bool) -> str:
    if secret:
        fields = ", ".join(field for field, _, _ in causes if field)
        return f"{status.get('reason', '')}{f' ({fields})' if fields else ''}"
    text = " ".join(str(status.get("message", "")).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _manager(message: str) -> str:
    """The name in ``conflict with "kubectl-edit" using v1 at …``."""
    parts = message.split('"')
    return parts[1] if len(parts) > 1 else message
