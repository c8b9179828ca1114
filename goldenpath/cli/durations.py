"""The parameter type of a duration."""

from __future__ import annotations

import re
from typing import Any

import click

from goldenpath.spec.quantities import DURATION, duration_seconds

__all__ = ["SECONDS"]


class _Seconds(click.ParamType[float]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        if not re.fullmatch(DURATION, str(value)):
            self.fail(f"{value!r} is not a duration; write 90s, 10m or 1h30m.", param, ctx)
        return float(duration_seconds(value))


SECONDS = _Seconds()
"""Parses a Go duration (``1h30m``) into seconds."""
