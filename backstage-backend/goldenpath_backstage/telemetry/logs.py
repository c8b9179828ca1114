"""Structured logs: one JSON object a line, and nothing in it that could be a secret.

What is logged is chosen field by field; bodies, headers and tokens are never handed to a logger. The filter on
credentials is the second line of defence: for what a library says in its own words.
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
    """Fields of a log entry, for ``extra=``; what is None is left out."""
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
    """File, line and function of each frame; not what the exception says, which may repeat an input."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def set_up_logging(level: str) -> None:
    """Log to stderr, all loggers alike; for the entry point, which owns the process."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # They say a line for each request that we make, with its whole address.
    for noisy in ("httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
