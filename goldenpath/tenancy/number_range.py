"""Regular expressions for ranges of whole numbers, because PromQL compares labels only as text."""

from __future__ import annotations

__all__ = ["number_range"]


def number_range(low: int, high: int) -> str:
    """Return an expression that matches the decimal numbers from ``low`` to ``high``, inclusive.

    Raises:
        ValueError: ``low`` is negative or above ``high``.
    """
    if not 0 <= low <= high:
        raise ValueError(f"{low} to {high} is not a range of numbers from 0")
    return "|".join(_pattern(first, last) for first, last in _parts(low, high))


def _parts(low: int, high: int) -> list[tuple[int, int]]:
    """Split a range into ranges whose last digits run from all 0 to all 9, and that differ in one digit before."""
    found = []
    while low <= high:
        last = low
        step = 10
        # The widest step that starts at `low` and stays within `high`.
        while low % step == 0 and low + step - 1 <= high and low:
            last = low + step - 1
            step *= 10
        unit = step // 10
        # Add steps as long as the digits before stay equal.
        while last + unit <= high and last // (unit * 10) == (last + unit) // (unit * 10):
            last += unit
        found.append((low, last))
        low = last + 1
    return found


def _pattern(first: int, last: int) -> str:
    text = ""
    free = 0
    for start, end in zip(str(first), str(last), strict=True):
        if start == end:
            text += start
        elif (start, end) == ("0", "9"):
            free += 1
        else:
            text += f"[{start}-{end}]"
    if free:
        text += "[0-9]" if free == 1 else f"[0-9]{{{free}}}"
    return text
