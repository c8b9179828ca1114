"""Read the header ``Retry-After`` (RFC 9110, 10.2.3), in seconds or as a date. Pure."""

from __future__ import annotations

import email.utils

__all__ = ["retry_after"]


def retry_after(text: str, now: float) -> float | None:
    """The requested wait in seconds; None if the value is empty or unreadable. ``now`` is in seconds since 1970."""
    asked = text.strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(asked).timestamp() - now)
    except (ValueError, OverflowError):
        return None
