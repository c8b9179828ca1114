"""Converts and writes the numbers of targets and goals."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

__all__ = ["Number", "duration_text", "number_text", "to_decimal"]

Number: TypeAlias = Decimal | int | float


def to_decimal(number: Number) -> Decimal:
    """Convert a number. A float has the value that it prints: 0.75 is three quarters, not the nearest binary fraction."""
    return number if isinstance(number, Decimal) else Decimal(str(number))


def number_text(number: Decimal) -> str:
    """Write a number without exponent and trailing zeros: ``2500``, ``0.75``."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration_text(seconds: Decimal) -> str:
    """Write a duration as in a request: ``5s``, ``750ms``."""
    if seconds == seconds.to_integral_value():
        return f"{number_text(seconds)}s"
    return f"{number_text(seconds * 1000)}ms"
