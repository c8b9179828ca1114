"""The period of a cost report."""

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
    """The time from ``start`` up to ``end``, without ``end``."""

    start: dt.datetime
    end: dt.datetime

    @property
    def seconds(self) -> int:
        return int((self.end - self.start).total_seconds())

    @property
    def hours(self) -> Decimal:
        return Decimal(self.seconds) / _HOUR


def period_of(first: dt.datetime | None, last: dt.datetime | None, now: dt.datetime) -> Period:
    """The period from ``first`` to ``last``, in UTC; the last whole month if both are None.

    Args:
        first: the first day; by default the first day of the month in which the period ends.
        last: the day after the last day; by default the first day of the month after ``first``.
        now: the current time.
    """
    if first is None:
        end = last or _month(now)
        first = _month(end - dt.timedelta(days=1))
    if last is None:
        last = _month(_month(first) + _MORE_THAN_A_MONTH)
    return Period(first.replace(tzinfo=dt.UTC), last.replace(tzinfo=dt.UTC))


def _month(day: dt.datetime) -> dt.datetime:
    """The first day of the month of a day, at midnight."""
    return day.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
