"""The release of goldenpath that runs, and how it compares with the one that a lock records."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version

__all__ = ["current_release", "is_older"]


@cache
def current_release() -> str:
    """The version of the installed package."""
    return version("goldenpath")


def is_older(one: str, other: str) -> bool:
    """Whether one release is older than another, by the numbers of their versions."""
    return _numbers(one) < _numbers(other)


def _numbers(release: str) -> tuple[int, ...]:
    leading = re.match(r"[0-9]+(\.[0-9]+)*", release)
    return tuple(map(int, leading[0].split("."))) if leading else ()
