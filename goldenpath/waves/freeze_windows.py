"""Finds the freeze window of a moment."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from goldenpath.waves.waves_file import DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.waves.waves_file import Freeze

__all__ = ["freeze_at"]


def freeze_at(now: dt.datetime, windows: Iterable[Freeze]) -> Freeze | None:
    """Return the first window that contains a moment; None if no window does.

    Args:
        now: the moment, with its time zone.
        windows: the windows.
    """
    return next((window for window in windows if _is_in(now, window)), None)


def _is_in(now: dt.datetime, window: Freeze) -> bool:
    here = now.astimezone(ZoneInfo(window.time_zone))
    if window.begins and window.ends:
        zone = ZoneInfo(window.time_zone)
        begins, ends = (
            dt.datetime.fromisoformat(text).replace(tzinfo=zone) for text in (window.begins, window.ends)
        )
        return begins <= now < ends
    clock = f"{here:%H:%M}"
    return DAYS[here.weekday()] in window.days and window.after <= clock < window.before
