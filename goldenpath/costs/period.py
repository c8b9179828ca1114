"""The period that costs are shown for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

__all__ = ["Period", "period_of"]

_HOUR: Final = Decimal(3600)
_MORE_THAN_A_MONTH: Final = dt.timedelta(days=32)


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` up to, and without, ``end``."""

    start: dt.datetime
    end: dt.datetime

    @property
    def seconds(self) -> int:
        """Its length in seconds."""
        return int((self.end - self.start).total_seconds())

    @property
    def hours(self) -> Decimal:
        """Its length in hours."""
        return Decimal(self.seconds) / _HOUR


def period_of(first: dt.datetime | None, last: dt.datetime | None, now: dt.datetime) -> Period:
    """The period that is asked for, in UTC; the last whole month where nothing is.

    Args:
        first: its first day; otherwise that of the month in which the period ends.
        last: the day after it; otherwise the first day of the month after its first day.
        now: the time.
    """
    if first is None:
        end = last or _month(now)
        first = _month(end - dt.timedelta(days=1))
    if last is None:
        last = _month(_month(first) + _MORE_THAN_A_MONTH)
    return Period(first.replace(tzinfo=dt.UTC), last.replace(tzinfo=dt.UTC))


def _month(day: dt.datetime) -> dt.datetime:
    """The first day of its month, at midnight."""
    return day.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
