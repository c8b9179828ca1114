"""The period of a cost report, where less than both of its days are given."""

from __future__ import annotations

import datetime as dt

import pytest

from goldenpath.costs import period_of


@pytest.mark.parametrize(
    ("now", "first", "last", "expected"),
    [
        ("2026-11-30T16:00", None, None, ("2026-10-01", "2026-11-01")),
        ("2027-01-01T00:00", None, None, ("2026-12-01", "2027-01-01")),
        ("2026-03-31T23:59", None, None, ("2026-02-01", "2026-03-01")),
        ("2026-11-30T16:00", "2026-02-03", None, ("2026-02-03", "2026-03-01")),
        ("2026-11-30T16:00", "2026-12-01", None, ("2026-12-01", "2027-01-01")),
        ("2026-11-30T16:00", None, "2026-11-16", ("2026-11-01", "2026-11-16")),
        ("2026-11-30T16:00", None, "2026-11-01", ("2026-10-01", "2026-11-01")),
        ("2026-11-30T16:00", "2026-11-03", "2026-11-05", ("2026-11-03", "2026-11-05")),
    ],
)
def test_a_missing_day_has_a_default(
    now: str, first: str | None, last: str | None, expected: tuple[str, str]
) -> None:
    def day(text: str | None) -> dt.datetime | None:
        return None if text is None else dt.datetime.fromisoformat(text)

    found = period_of(day(first), day(last), dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC))
    assert (f"{found.start:%Y-%m-%d}", f"{found.end:%Y-%m-%d}") == expected
    assert (found.start.isoformat()[10:], found.end.isoformat()[10:]) == ("T00:00:00+00:00",) * 2
