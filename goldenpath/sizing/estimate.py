"""A number with its 80 % interval."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

__all__ = ["Estimate"]

_NORMAL_80: Final = 1.2816
"""Standard deviations on each side of an 80 % interval."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, and the interval that contains the true value in 8 of 10 cases."""

    value: float
    low: float
    high: float

    @classmethod
    def around(cls, value: float, deviation: float) -> Estimate:
        """Return the 80 % interval of a normal distribution, with its ends at 0 or more."""
        return cls(value, max(0.0, value - _NORMAL_80 * deviation), max(0.0, value + _NORMAL_80 * deviation))

    @classmethod
    def within(cls, value: float, low: float, high: float) -> Estimate:
        """Return an interval from factors: 0.8 and 1.3 for 20 % less to 30 % more."""
        return cls(value, value * low, value * high)

    def scaled(self, factor: float) -> Estimate:
        return Estimate(self.value * factor, self.low * factor, self.high * factor)

    def as_dict(self) -> dict[str, float]:
        return {name: round(number, 4) for name, number in asdict(self).items()}
