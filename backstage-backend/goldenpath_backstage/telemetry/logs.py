"""Structured logs: one JSON object a line, without secrets.

Each logged field is chosen. Bodies, headers and tokens are never passed to a logger. The filter for credentials is a
second line of defence, for the messages of libraries.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from goldenpath.credential_patterns import without_credentials

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["ACCESS", "AUDIT", "SERVICE", "JsonFormatter", "fields", "set_up_logging", "where_it_failed"]

SERVICE: Final = "goldenpath_backstage"
ACCESS: Final = "goldenpath_backstage.access"
AUDIT: Final = "goldenpath_backstage.audit"

_FIELDS: Final = "goldenpath_fields"


def fields(**values: Any) -> dict[str, Any]:
    """Return the fields of a log entry, for ``extra=``. None values are left out."""
    return {_FIELDS: {key: value for key, value in values.items() if value is not None}}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and the entry's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            entry |= {
                "error": type(record.exc_info[1]).__name__,
                "where": where_it_failed(record.exc_info[1].__traceback__),
            }
        return without_credentials(json.dumps(entry, ensure_ascii=True, default=str))


def where_it_failed(trace: TracebackType | None) -> list[str]:
    """Return file, line and function of each frame, without the exception's message, which may repeat an input."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def set_up_logging(level: str) -> None:
    """Send all loggers to stderr. Only the entry point calls this."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # These libraries log the full address of each request to a token issuer.
    for noisy in ("httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
